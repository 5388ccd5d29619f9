/* router.c - which path goes where. */
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "api.h"
#include "fake.h"
#include "http.h"
#include "page.h"

/* Links that we hand out must reach us by the name that the app itself uses. */
static void base_url_note(struct fake *f, const struct request *r)
{
	if (*r->host)
		snprintf(f->base_url, sizeof(f->base_url), "http://%s", r->host);
}

void router_dispatch(struct fake *f, struct request *r)
{
	if (!strncmp(r->path, "/api/", 5)) {
		base_url_note(f, r);
		api_dispatch(f, r, r->path + 5);
	} else if (!strncmp(r->path, "/commands/", 10) || !strncmp(r->path, "/actions/", 9)) {
		api_response_url(f, r);
	} else if (!strncmp(r->path, "/upload/v1/", 11)) {
		api_upload(f, r);
	} else if (!strncmp(r->path, "/admin/", 7)) {
		admin_dispatch(f, r, r->path + 7);
	} else {
		page_dispatch(f, r);
	}
}
