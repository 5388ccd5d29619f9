/* ticket_wire.c - see ticket_wire.h. */
#include "bot/reach/ticket_wire.h"

#include <jansson.h>
#include <string.h>

#include "bot/reach/twilio_wire.h"
#include "bot/sign.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define BODY_MAX (256u << 10)
#define NUMBER_MAX 64
#define LABEL_MAX 100

/* --- small parts ---------------------------------------------------------------------------- */

static const char *base_of(struct arena *a, const struct plan_connection *c)
{
	const char *url = c->url ? c->url : GITHUB_URL;
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return arena_strndup(a, url, len);
}

static bool is_cloud(const struct plan_connection *c)
{
	return c->user != NULL; /* Jira: mail and API token; its Data Center takes a token alone */
}

/* "tocsin-inc-42": what may be a label. */
static const char *label_of(struct arena *a, const char *id)
{
	struct buf b;

	buf_init_arena(&b, a, 512);
	buf_str(&b, "tocsin-");
	for (; *id && b.len < LABEL_MAX; id++) {
		char c = *id >= 'A' && *id <= 'Z' ? (char)(*id + 32) : *id;

		buf_char(&b, (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-');
	}
	return buf_text(&b);
}

/* The first line of an issue's body. Nothing that a person typed stands in a first line. */
static const char *marker_of(struct arena *a, const char *id)
{
	return arena_printf(a, "<!-- %s -->", label_of(a, id));
}

static void set_headers(struct arena *a, const struct plan_connection *c, struct ticket_call *out)
{
	const char *secret = c->token ? c->token : c->password ? c->password : "";
	struct buf plain, b64;
	size_t n = 0;

	if (c->user) {
		buf_init_arena(&plain, a, 4096);
		buf_printf(&plain, "%s:%s", c->user, secret);
		buf_init_arena(&b64, a, 8192);
		base64_encode(&b64, plain.data, plain.len);
		out->headers[n++] = arena_printf(a, "Authorization: Basic %s", buf_text(&b64));
	} else {
		out->headers[n++] = arena_printf(a, "Authorization: Bearer %s", secret);
	}
	if (c->kind == PLAN_CONN_GITHUB_ISSUE) {
		out->headers[n++] = "Accept: application/vnd.github+json";
		out->headers[n++] = "X-GitHub-Api-Version: 2022-11-28";
		out->headers[n++] = "User-Agent: tocsin";
	} else {
		out->headers[n++] = "Accept: application/json";
	}
	if (out->body)
		out->headers[n++] = "Content-Type: application/json";
	out->headers[n] = NULL;
}

static const char *encoded(struct arena *a, const char *text)
{
	struct buf b;

	buf_init_arena(&b, a, 8192);
	query_encode(&b, text);
	return buf_text(&b);
}

static void put_cut(struct json_out *j, const char *key, const char *text, size_t units)
{
	json_out_strn(j, key, text, utf16_prefix(text, strlen(text), units));
}

/* --- looking -------------------------------------------------------------------------------- */

static const char *jql(struct arena *a, const struct plan_connection *c, const char *id)
{
	struct json_out j;
	struct buf b;

	buf_init_arena(&b, a, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "jql", arena_printf(a, "project = \"%s\" AND labels = \"%s\"", c->project ? c->project : "",
		label_of(a, id)));
	json_out_array(&j, "fields");
	json_out_str(&j, NULL, "status");
	json_out_array_end(&j);
	json_out_int(&j, "maxResults", 1);
	json_out_object_end(&j);
	return buf_text(&b);
}

void ticket_search(struct arena *a, const struct plan_connection *c, const char *id,
	struct ticket_call *out)
{
	const char *base = base_of(a, c), *q;

	memset(out, 0, sizeof(*out));
	out->method = "GET";
	if (c->kind == PLAN_CONN_JIRA) {
		out->method = "POST";
		out->url = arena_printf(a, "%s/rest/api/%s", base, is_cloud(c) ? "3/search/jql" : "2/search");
		out->body = jql(a, c, id);
	} else if (c->kind == PLAN_CONN_SERVICENOW) {
		q = arena_printf(a, "correlation_id=%s^correlation_display=tocsin^stateNOT IN6,7,8", id);
		out->url = arena_printf(a, "%s/api/now/table/incident?sysparm_query=%s&sysparm_limit=1"
			"&sysparm_fields=sys_id,number,correlation_id", base, encoded(a, q));
	} else {
		q = arena_printf(a, "\"%s\" in:body is:issue repo:%s", label_of(a, id), c->repo ? c->repo : "");
		out->url = arena_printf(a, "%s/search/issues?q=%s&per_page=10", base, encoded(a, q));
	}
	set_headers(a, c, out);
}

/* --- opening -------------------------------------------------------------------------------- */

static void put_labels(struct json_out *j, struct arena *a, const struct plan_connection *c, const char *id)
{
	json_out_array(j, "labels");
	if (c->kind == PLAN_CONN_JIRA) {
		json_out_str(j, NULL, "tocsin");
		json_out_str(j, NULL, label_of(a, id));
	}
	for (size_t i = 0; i < c->n_labels; i++)
		json_out_str(j, NULL, c->labels[i]);
	json_out_array_end(j);
}

/* One paragraph for each line (Atlassian Document Format): text nodes mention and link nothing. */
static void put_adf(struct json_out *j, const char *text)
{
	json_out_object(j, "description");
	json_out_str(j, "type", "doc");
	json_out_int(j, "version", 1);
	json_out_array(j, "content");
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n) {
			json_out_object(j, NULL);
			json_out_str(j, "type", "paragraph");
			json_out_array(j, "content");
			json_out_object(j, NULL);
			json_out_str(j, "type", "text");
			json_out_strn(j, "text", text, n);
			json_out_object_end(j);
			json_out_array_end(j);
			json_out_object_end(j);
		}
		text += n + (text[n] == '\n');
	}
	json_out_array_end(j);
	json_out_object_end(j);
}

/* Wiki text: brackets and braces are what mentions, links and macros begin with. */
static const char *wiki_text(struct arena *a, const char *text)
{
	struct buf b;

	buf_init_arena(&b, a, BODY_MAX);
	for (; *text; text++) {
		if (strchr("[]{}", *text))
			buf_char(&b, '\\');
		buf_char(&b, *text);
	}
	return buf_text(&b);
}

static void put_jira(struct json_out *j, struct arena *a, const struct plan_connection *c,
	const struct ticket *t)
{
	json_out_object(j, "fields");
	json_out_object(j, "project");
	json_out_str(j, "key", c->project ? c->project : "");
	json_out_object_end(j);
	json_out_object(j, "issuetype");
	json_out_str(j, "name", c->type ? c->type : "Task");
	json_out_object_end(j);
	put_cut(j, "summary", t->title, 255);
	if (is_cloud(c))
		put_adf(j, t->text);
	else
		json_out_str(j, "description", wiki_text(a, t->text));
	put_labels(j, a, c, t->id);
	json_out_object_end(j);
}

static void put_servicenow(struct json_out *j, const struct plan_connection *c, const struct ticket *t)
{
	put_cut(j, "short_description", t->title, 160);
	json_out_str(j, "description", t->text);
	json_out_str(j, "urgency", t->urgent ? "1" : "2");
	json_out_str(j, "impact", t->urgent ? "1" : "2");
	json_out_str(j, "correlation_id", t->id);
	json_out_str(j, "correlation_display", "tocsin");
	if (c->group)
		json_out_str(j, "assignment_group", c->group);
}

/* The text as an indented block: an "@" in it calls nobody on GitHub. */
static void put_github(struct json_out *j, struct arena *a, const struct plan_connection *c,
	const struct ticket *t)
{
	const char *s = t->text;
	struct buf b;

	buf_init_arena(&b, a, BODY_MAX);
	buf_printf(&b, "%s\n\n    ", marker_of(a, t->id));
	for (; *s; s++) {
		buf_char(&b, *s);
		if (*s == '\n')
			buf_str(&b, "    ");
	}
	put_cut(j, "title", t->title, 250);
	json_out_str(j, "body", buf_text(&b));
	put_labels(j, a, c, t->id);
}

void ticket_create(struct arena *a, const struct plan_connection *c, const struct ticket *t,
	struct ticket_call *out)
{
	const char *base = base_of(a, c);
	struct json_out j;
	struct buf b;

	memset(out, 0, sizeof(*out));
	out->method = "POST";
	buf_init_arena(&b, a, BODY_MAX);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	if (c->kind == PLAN_CONN_JIRA) {
		put_jira(&j, a, c, t);
		out->url = arena_printf(a, "%s/rest/api/%s/issue", base, is_cloud(c) ? "3" : "2");
	} else if (c->kind == PLAN_CONN_SERVICENOW) {
		put_servicenow(&j, c, t);
		out->url = arena_printf(a, "%s/api/now/table/incident?sysparm_input_display_value=true"
			"&sysparm_fields=sys_id,number,state", base);
	} else {
		put_github(&j, a, c, t);
		out->url = arena_printf(a, "%s/repos/%s/issues", base, c->repo ? c->repo : "");
	}
	json_out_object_end(&j);
	out->body = buf_text(&b);
	set_headers(a, c, out);
}

/* --- answers -------------------------------------------------------------------------------- */

/* What may stand in a message and in an address; else "". */
static const char *plain(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return n <= NUMBER_MAX && !s[n] ? s : "";
}

static const char *safe_link(const char *s)
{
	size_t n = strlen(s);

	if (n > TICKET_LINK_MAX || (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0))
		return "";
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || strchr("<>\"'`\\|{}()[]", s[i]))
			return "";
	return s;
}

static void read_one(struct arena *a, const struct plan_connection *c, const json_t *o,
	struct ticket_found *out)
{
	const char *id;

	if (c->kind == PLAN_CONN_GITHUB_ISSUE) {
		int64_t n = json_in_int(o, "number");

		out->number = n > 0 ? arena_printf(a, "#%lld", (long long)n) : "";
		out->link = arena_strdup(a, safe_link(json_in_str(o, "html_url")));
	} else if (c->kind == PLAN_CONN_JIRA) {
		out->number = arena_strdup(a, plain(json_in_str(o, "key")));
		out->link = *out->number ? safe_link(arena_printf(a, "%s/browse/%s", base_of(a, c), out->number)) : "";
	} else {
		id = plain(json_in_str(o, "sys_id"));
		out->number = arena_strdup(a, plain(json_in_str(o, "number")));
		out->link = *id ? safe_link(arena_printf(a, "%s/incident.do?sys_id=%s", base_of(a, c), id)) : "";
	}
}

/* Is it truly the one we wrote? A search finds what is merely alike. */
static bool is_ours(struct arena *a, const struct plan_connection *c, const json_t *o, const char *id)
{
	const char *marker = marker_of(a, id);

	if (c->kind == PLAN_CONN_GITHUB_ISSUE)
		return strncmp(json_in_str(o, "body"), marker, strlen(marker)) == 0;
	if (c->kind == PLAN_CONN_SERVICENOW)
		return strcmp(json_in_str(o, "correlation_id"), id) == 0;
	return true;
}

enum ticket_answer ticket_search_read(struct arena *a, const struct plan_connection *c, const char *id,
	const char *body, size_t len, struct ticket_found *out)
{
	static const char *const lists[] = {"result", "issues", "items"};
	const char *key = lists[c->kind == PLAN_CONN_SERVICENOW ? 0 : c->kind == PLAN_CONN_JIRA ? 1 : 2];
	const json_t *list = json_in_get(json_in_load(a, body, len), key), *item;
	size_t i;

	*out = (struct ticket_found){"", ""};
	if (!json_is_array(list))
		return TICKET_UNREAD;
	json_array_foreach(list, i, item) {
		if (!json_is_object(item) || !is_ours(a, c, item, id))
			continue;
		read_one(a, c, item, out);
		return TICKET_THERE;
	}
	return TICKET_NONE;
}

enum ticket_answer ticket_create_read(struct arena *a, const struct plan_connection *c,
	const char *body, size_t len, struct ticket_found *out)
{
	const json_t *o = json_in_load(a, body, len);

	*out = (struct ticket_found){"", ""};
	if (c->kind == PLAN_CONN_SERVICENOW)
		o = json_in_get(o, "result");
	if (!json_is_object(o))
		return TICKET_UNREAD;
	read_one(a, c, o, out);
	return *out->number ? TICKET_THERE : TICKET_UNREAD;
}
