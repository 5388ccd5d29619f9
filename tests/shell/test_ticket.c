/* test_ticket.c - tickets: looked for first, opened once, in three systems. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bot/reach/ticket_wire.h"
#include "support_peer.h"
#include "support_reach.h"
#include "tocsin/arena.h"

#define DATA "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"Checkout @octocat [~ben] {color} 500s\"," \
	"\"pager_severity\":\"critical\",\"means\":\"Down\",\"declared\":1769618400,\"declared_by\":{\"name\":\"Ada Park\"}}"

static struct reach_house house;
static struct peer *peer;
static char url[64];
static const char *const labels[] = {"incident"};
static struct plan_connection connections[] = {
	{.key = "snow", .kind = PLAN_CONN_SERVICENOW, .kind_name = "servicenow", .user = "tocsin",
		.password = "example", .group = "Scheduling Support", .private_ok = true},
	{.key = "jira", .kind = PLAN_CONN_JIRA, .kind_name = "jira", .user = "bot@example.com",
		.token = "example-token", .project = "OPS", .type = "Bug", .private_ok = true},
	{.key = "jira-dc", .kind = PLAN_CONN_JIRA, .kind_name = "jira", .token = "example-token",
		.project = "OPS", .private_ok = true},
	{.key = "github", .kind = PLAN_CONN_GITHUB_ISSUE, .kind_name = "github-issue", .token = "example-token",
		.repo = "example/ops", .labels = labels, .n_labels = 1, .private_ok = true},
	{.key = "mail", .kind = PLAN_CONN_SMTP},
};
static const struct plan plan = {.connections = connections, .n_connections = 5, .timezone = "UTC"};

static int setup(void **state)
{
	(void)state;
	reach_house_open(&house, NULL);
	peer = peer_new(&house.loop);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", peer_port(peer));
	for (int i = 0; i < 4; i++)
		connections[i].url = url;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_close(peer);
	reach_house_close(&house);
	return 0;
}

static void answers(int status, const char *headers, const char *text)
{
	static char *kept[64];
	static size_t n;

	free(kept[n % 64]);
	kept[n % 64] = peer_http(status, headers, text);
	peer_expect(peer, PEER_SEND, kept[n % 64], 0);
	n++;
}

static void deliver(const char *via)
{
	struct send s = {.lane = LANE_CALL, .op = "ticket", .key = "INC-42/ticket/9", .via = via,
		.entity = "incident:INC-42", .arg = "INC-42", .template_name = "page/ticket_body", .data = DATA};

	reach_house_deliver(&house, &plan, &s);
}

/* The body of the nth request as JSON. */
static json_t *sent(size_t n)
{
	const char *text = strstr(peer_request(peer, n), "\r\n\r\n");
	json_t *o = text ? json_loads(text + 4, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (!o)
		fail_msg("no JSON in: %s", peer_request(peer, n));
	return o;
}

static const char *text_at(json_t *o, const char *a, const char *b)
{
	const char *s = json_string_value(b ? json_object_get(json_object_get(o, a), b) : json_object_get(o, a));

	return s ? s : "(none)";
}

static void assert_begins(size_t n, const char *line)
{
	if (strncmp(peer_request(peer, n), line, strlen(line)) != 0)
		fail_msg("wanted %s, got: %.300s", line, peer_request(peer, n));
}

static void test_servicenow(void **state)
{
	json_t *o;

	(void)state;
	answers(200, "Content-Type: application/json\r\n", "{\"result\":[]}");
	answers(201, "Content-Type: application/json\r\n", "{\"result\":{\"sys_id\":\"a9e30c7dc61122760116894de7bcc7bd\","
		"\"number\":\"INC0010042\",\"state\":\"1\"}}");
	deliver("snow");
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.channel, "INC0010042");
	assert_non_null(strstr(house.detail, "/incident.do?sys_id=a9e30c7dc61122760116894de7bcc7bd"));
	assert_begins(0, "GET /api/now/table/incident?sysparm_query=correlation_id%3DINC-42%5Ecorrelation_display%3Dtocsin"
		"%5EstateNOT%20IN6%2C7%2C8&sysparm_limit=1");
	assert_non_null(strstr(peer_request(peer, 0), "Authorization: Basic dG9jc2luOmV4YW1wbGU=\r\n"));
	assert_begins(1, "POST /api/now/table/incident?sysparm_input_display_value=true");
	o = sent(1);
	assert_string_equal(text_at(o, "correlation_id", NULL), "INC-42");
	assert_string_equal(text_at(o, "assignment_group", NULL), "Scheduling Support");
	assert_string_equal(text_at(o, "urgency", NULL), "1");
	assert_non_null(strstr(text_at(o, "short_description", NULL), "P0 INC-42: Checkout"));
	assert_non_null(strstr(text_at(o, "description", NULL), "Declared by Ada Park"));
	json_decref(o);
	assert_int_equal(peer_requests(peer), 2);
}

static void test_jira(void **state)
{
	json_t *o;

	(void)state;
	answers(200, "", "{\"issues\":[],\"isLast\":true}");
	answers(201, "", "{\"id\":\"10000\",\"key\":\"OPS-24\",\"self\":\"https://example.atlassian.net/rest/api/3/issue/10000\"}");
	deliver("jira");
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.channel, "OPS-24");
	assert_non_null(strstr(house.detail, "/browse/OPS-24"));
	assert_begins(0, "POST /rest/api/3/search/jql");
	o = sent(0);
	assert_string_equal(text_at(o, "jql", NULL), "project = \"OPS\" AND labels = \"tocsin-inc-42\"");
	json_decref(o);
	assert_begins(1, "POST /rest/api/3/issue");
	o = sent(1);
	assert_string_equal(text_at(json_object_get(o, "fields"), "project", "key"), "OPS");
	assert_string_equal(text_at(json_object_get(o, "fields"), "issuetype", "name"), "Bug");
	assert_string_equal(text_at(json_object_get(o, "fields"), "description", "type"), "doc");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_object_get(o, "fields"), "labels"), 1)),
		"tocsin-inc-42");
	json_decref(o);
}

/* Data Center: another address, a token alone, and wiki text in which nothing is a mention or macro. */
static void test_jira_data_center(void **state)
{
	const char *text;
	json_t *o;

	(void)state;
	answers(200, "", "{\"issues\":[]}");
	answers(201, "", "{\"key\":\"OPS-25\"}");
	deliver("jira-dc");
	assert_string_equal(house.channel, "OPS-25");
	assert_begins(0, "POST /rest/api/2/search ");
	assert_non_null(strstr(peer_request(peer, 0), "Authorization: Bearer example-token\r\n"));
	o = sent(1);
	text = text_at(o, "fields", "description");
	assert_non_null(strstr(text, "\\[~ben\\] \\{color\\}"));
	assert_string_equal(text_at(json_object_get(o, "fields"), "issuetype", "name"), "Task");
	json_decref(o);
}

static void test_github(void **state)
{
	const char *text;
	json_t *o;

	(void)state;
	/* Somebody else's issue that speaks of ours is not ours. */
	answers(200, "", "{\"total_count\":1,\"items\":[{\"number\":7,\"body\":\"see tocsin-inc-42\","
		"\"html_url\":\"https://github.com/example/ops/issues/7\"}]}");
	answers(201, "", "{\"number\":1347,\"html_url\":\"https://github.com/example/ops/issues/1347\"}");
	deliver("github");
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.channel, "#1347");
	assert_string_equal(house.detail, "https://github.com/example/ops/issues/1347");
	assert_begins(0, "GET /search/issues?q=%22tocsin-inc-42%22%20in%3Abody%20is%3Aissue%20repo%3Aexample%2Fops&per_page=10");
	assert_non_null(strstr(peer_request(peer, 0), "User-Agent: tocsin\r\n"));
	assert_begins(1, "POST /repos/example/ops/issues ");
	o = sent(1);
	text = text_at(o, "body", NULL);
	assert_int_equal(strncmp(text, "<!-- tocsin-inc-42 -->\n\n    P0 INC-42: ", 39), 0);
	/* Every line that holds words of people is indented code: it mentions nobody. */
	for (text = strchr(text, '\n'); text; text = strchr(text + 1, '\n'))
		assert_true(text[1] == '\n' || strncmp(text + 1, "    ", 4) == 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "labels"), 0)), "incident");
	json_decref(o);
}

/* After a crash in mid-send, or an answer that never came. */
static void test_it_is_there_already(void **state)
{
	(void)state;
	answers(200, "", "{\"result\":[{\"sys_id\":\"abc\",\"number\":\"INC0010042\",\"correlation_id\":\"INC-42\"}]}");
	deliver("snow");
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.channel, "INC0010042");
	answers(200, "", "{\"issues\":[{\"id\":\"1\",\"key\":\"OPS-24\"}]}");
	deliver("jira");
	assert_string_equal(house.channel, "OPS-24");
	answers(200, "", "{\"items\":[{\"number\":3,\"body\":\"<!-- tocsin-inc-42 -->\\n\\n    x\",\"html_url\":\"javascript:alert(1)\"}]}");
	deliver("github");
	assert_string_equal(house.channel, "#3");
	assert_string_equal(house.detail, ""); /* not an address that may be shown */
	assert_int_equal(peer_requests(peer), 3);
	assert_int_equal(house.times_told, 3);
}

static void test_what_answers_mean(void **state)
{
	static const struct {
		int status;
		const char *headers, *text;
		enum sent_outcome outcome;
		const char *error;
	} cases[] = {
		{401, "", "{\"error\":{\"message\":\"User Not Authenticated\"},\"status\":\"failure\"}", SENT_REFUSED, "http_401"},
		{429, "Retry-After: 9\r\n", "{}", SENT_LATER, "http_429"},
		{403, "Retry-After: 9\r\n", "{}", SENT_LATER, "http_403"},
		{403, "", "{}", SENT_REFUSED, "http_403"},
		{503, "", "", SENT_LATER, "http_503"},
		{200, "Content-Type: text/html\r\n", "<html>asleep</html>", SENT_LATER, "no_ticket_system"},
		{200, "", "{\"result\":{}}", SENT_LATER, "no_ticket_system"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answers(cases[i].status, cases[i].headers, cases[i].text);
		deliver("snow");
		assert_int_equal(house.outcome, cases[i].outcome);
		assert_string_equal(house.error, cases[i].error);
		if (strstr(cases[i].headers, "Retry"))
			assert_int_equal(house.retry_after_ms, 9000);
	}
	assert_int_equal(peer_requests(peer), sizeof(cases) / sizeof(cases[0]));
	/* The second transfer. */
	answers(200, "", "{\"result\":[]}");
	answers(400, "", "{\"error\":{\"message\":\"Invalid field\"}}");
	deliver("snow");
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_non_null(strstr(house.detail, "Invalid field"));
	answers(200, "", "{\"result\":[]}");
	answers(201, "", "<html>");
	deliver("snow");
	assert_int_equal(house.outcome, SENT_UNKNOWN); /* the next look tells */
	answers(200, "", "{\"result\":[]}");
	peer_expect(peer, PEER_CUT, "", 0);
	deliver("snow");
	assert_int_equal(house.outcome, SENT_UNKNOWN);
}

static void test_faulty_entries(void **state)
{
	struct send s = {.lane = LANE_CALL, .op = "ticket", .key = "k", .via = "snow", .template_name = "no/such",
		.arg = "INC-42", .data = DATA};

	(void)state;
	deliver("elsewhere");
	assert_string_equal(house.error, "no_such_connection");
	deliver("mail");
	assert_string_equal(house.error, "no_such_connection");
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "bad_entry");
	s.template_name = "page/ticket_body";
	s.data = "[";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "bad_entry");
	assert_int_equal(peer_requests(peer), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_servicenow), T(test_jira), T(test_jira_data_center), T(test_github),
		T(test_it_is_there_already), T(test_what_answers_mean), T(test_faulty_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
