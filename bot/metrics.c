/*
 * metrics.c - see metrics.h. Values are doubles: counts stay exact up to 2^53.
 */
#include "bot/metrics.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tocsin/buf.h"

#define LABEL_VALUES_MAX 12
#define SERIES_MAX 64
#define BUCKETS 14

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

struct label {
	const char *name;
	const char *values[LABEL_VALUES_MAX]; /* ends with NULL unless full */
};

struct metric_info {
	enum metric_type type;
	const char *name;
	const char *help;
	const struct label *labels[2];
};

/* The orders are those of the enums that name them in metrics.h. */
static const struct label kind = {"kind", {"command", "message", "reaction", "timer", "delivery",
	"alert"}};
static const struct label answer = {"outcome", {"done", "refused", "not_recorded", "unsure", "busy",
	"broken"}};
static const struct label op = {"op", {"chat", "mail", "pagerduty", "webhook", "phone", "sms", "ticket",
	"other"}};
static const struct label sent = {"outcome", {"accepted", "refused", "later", "unknown"}};
static const struct label lane = {"lane", {"page", "chat", "call"}};
static const struct label slack_call = {"outcome", {"ok", "rate_limited", "error", "lost"}};
static const struct label envelope = {"type", {"command", "event", "interactive", "other"}};
static const struct label route = {"route", {"healthz", "readyz", "metrics", "slack", "alerts",
	"ack", "twilio", "pagerduty", "other"}};
static const struct label code = {"code", {"2xx", "3xx", "4xx", "5xx"}};
static const struct label alert = {"state", {"firing", "resolved"}};
static const struct label reject = {"reason", {"unauthorized", "unknown_source", "invalid",
	"unavailable"}};
static const struct label ack_link = {"outcome", {"shown", "used", "expired", "invalid", "failed"}};
static const struct label load = {"outcome", {"accepted", "refused"}};

static const struct metric_info infos[METRICS] = {
	[METRIC_REQUESTS] = {COUNTER, "tocsin_requests_total",
		"Requests answered, by kind and by what became of them.", {&kind, &answer}},
	[METRIC_REQUEST_SECONDS] = {HISTOGRAM, "tocsin_request_duration_seconds",
		"Time from the arrival of a request to its answer, commit included.", {&kind, NULL}},
	[METRIC_TASKS_WAITING] = {GAUGE, "tocsin_tasks",
		"Requests that are being worked on.", {NULL, NULL}},
	[METRIC_SENDS] = {COUNTER, "tocsin_sends_total",
		"Attempts to deliver an outbox entry, by way and outcome.", {&op, &sent}},
	[METRIC_SENDS_STALE] = {COUNTER, "tocsin_sends_stale_total",
		"Outbox entries dropped because they no longer applied.", {&lane, NULL}},
	[METRIC_SENDS_GIVEN_UP] = {COUNTER, "tocsin_sends_given_up_total",
		"Outbox entries given up after their time limit.", {&lane, NULL}},
	[METRIC_OUTBOX_ENTRIES] = {GAUGE, "tocsin_outbox_entries",
		"Promised deliveries that no receiver has accepted yet.", {&lane, NULL}},
	[METRIC_TIMERS_PENDING] = {GAUGE, "tocsin_timers_pending",
		"Timers that are set.", {NULL, NULL}},
	[METRIC_TIMER_LATE] = {HISTOGRAM, "tocsin_timer_lateness_seconds",
		"Time between a timer's due moment and its commit.", {NULL, NULL}},
	[METRIC_STORE_READY] = {GAUGE, "tocsin_store_ready",
		"1 while Redis is connected and usable.", {NULL, NULL}},
	[METRIC_STORE_COMMITS] = {COUNTER, "tocsin_store_commits_total",
		"Commits applied.", {NULL, NULL}},
	[METRIC_STORE_CONFLICTS] = {COUNTER, "tocsin_store_conflicts_total",
		"Commits decided again because somebody else had changed the document.", {NULL, NULL}},
	[METRIC_STORE_DUPLICATES] = {COUNTER, "tocsin_store_duplicates_total",
		"Redelivered requests answered with their first answer.", {NULL, NULL}},
	[METRIC_STORE_LOADS] = {COUNTER, "tocsin_store_loads_total",
		"Snapshots loaded.", {NULL, NULL}},
	[METRIC_STORE_RECONNECTS] = {COUNTER, "tocsin_store_reconnects_total",
		"Connections to Redis made after the first.", {NULL, NULL}},
	[METRIC_STORE_ROUND_TRIP] = {GAUGE, "tocsin_store_round_trip_seconds",
		"Round trip of the newest PING to Redis.", {NULL, NULL}},
	[METRIC_CHAT_CONNECTED] = {GAUGE, "tocsin_chat_connections",
		"Live connections to the chat platform; 0 means that nobody is heard.", {NULL, NULL}},
	[METRIC_SLACK_CALLS] = {COUNTER, "tocsin_slack_calls_total",
		"Slack Web API calls, by outcome.", {&slack_call, NULL}},
	[METRIC_SLACK_ENVELOPES] = {COUNTER, "tocsin_slack_envelopes_total",
		"Events, commands and interactions received from Slack.", {&envelope, NULL}},
	[METRIC_SLACK_RECONNECTS] = {COUNTER, "tocsin_slack_reconnects_total",
		"Slack sockets opened in place of one that ended.", {NULL, NULL}},
	[METRIC_HTTP_REQUESTS] = {COUNTER, "tocsin_http_requests_total",
		"Incoming HTTP requests answered, by route and class of status.", {&route, &code}},
	[METRIC_HTTP_CONNECTIONS] = {GAUGE, "tocsin_http_connections",
		"Open incoming HTTP connections.", {NULL, NULL}},
	[METRIC_ALERTS] = {COUNTER, "tocsin_alerts_total",
		"Alerts taken from monitoring systems.", {&alert, NULL}},
	[METRIC_ALERTS_REJECTED] = {COUNTER, "tocsin_alert_posts_rejected_total",
		"Alert webhooks refused, by reason.", {&reject, NULL}},
	[METRIC_ACK_LINKS] = {COUNTER, "tocsin_ack_links_total",
		"Acknowledgement links opened or used, by outcome.", {&ack_link, NULL}},
	[METRIC_PLAN_LOADS] = {COUNTER, "tocsin_plan_loads_total",
		"Plans read at start and on reload.", {&load, NULL}},
	[METRIC_PLAN_LOADED_AT] = {GAUGE, "tocsin_plan_loaded_timestamp_seconds",
		"When the plan in force was read.", {NULL, NULL}},
	[METRIC_START_TIME] = {GAUGE, "process_start_time_seconds",
		"Start time of the process since the Unix epoch.", {NULL, NULL}},
	[METRIC_RESIDENT_BYTES] = {GAUGE, "process_resident_memory_bytes",
		"Resident memory size.", {NULL, NULL}},
	[METRIC_CPU_SECONDS] = {COUNTER, "process_cpu_seconds_total",
		"User and system processor time spent.", {NULL, NULL}},
};

/* 1 ms to 30 s: an acknowledgement takes single milliseconds, a page is late after seconds. */
static const char *const bounds[BUCKETS] = {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05",
	"0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30"};
static const double bound_values[BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
	0.5, 1, 2.5, 5, 10, 30};

struct histogram {
	uint64_t buckets[BUCKETS]; /* not cumulative */
	uint64_t count;
	double sum;
};

static double values[METRICS][SERIES_MAX];
static struct histogram histograms[METRICS][LABEL_VALUES_MAX];

static unsigned label_size(const struct label *l)
{
	unsigned n;

	if (!l)
		return 1;
	for (n = 0; n < LABEL_VALUES_MAX && l->values[n]; n++)
		;
	return n;
}

/* Where the series is, or NULL for a label outside its set. */
static double *series(enum metric m, unsigned a, unsigned b)
{
	unsigned na = label_size(infos[m].labels[0]), nb = label_size(infos[m].labels[1]);

	return a < na && b < nb ? &values[m][a * nb + b] : NULL;
}

enum metric_op metric_op_of(const char *name)
{
	if (strncmp(name, "chat.", 5) == 0)
		return METRIC_OP_CHAT;
	if (strcmp(name, "mail") == 0)
		return METRIC_OP_MAIL;
	if (strcmp(name, "pagerduty") == 0)
		return METRIC_OP_PAGERDUTY;
	if (strcmp(name, "webhook") == 0)
		return METRIC_OP_WEBHOOK;
	if (strcmp(name, "phone") == 0)
		return METRIC_OP_PHONE;
	if (strcmp(name, "sms") == 0)
		return METRIC_OP_SMS;
	if (strcmp(name, "ticket") == 0)
		return METRIC_OP_TICKET;
	return METRIC_OP_OTHER;
}

void metrics_add(enum metric m, unsigned label1, unsigned label2, uint64_t n)
{
	double *v = series(m, label1, label2);

	if (v)
		*v += (double)n;
}

void metrics_set(enum metric m, unsigned label1, double value)
{
	double *v = series(m, label1, 0);

	if (v)
		*v = value;
}

void metrics_observe(enum metric m, unsigned label1, double seconds)
{
	struct histogram *h;
	unsigned i;

	if (label1 >= label_size(infos[m].labels[0]))
		return;
	h = &histograms[m][label1];
	h->count++;
	h->sum += seconds;
	for (i = 0; i < BUCKETS; i++) {
		if (seconds <= bound_values[i]) {
			h->buckets[i]++;
			return;
		}
	}
}

double metrics_get(enum metric m, unsigned label1, unsigned label2)
{
	const double *v = series(m, label1, label2);

	if (!v)
		return 0;
	return infos[m].type == HISTOGRAM ? (double)histograms[m][label1].count : *v;
}

void metrics_reset(void)
{
	memset(values, 0, sizeof(values));
	memset(histograms, 0, sizeof(histograms));
}

static void read_process(void)
{
	struct rusage use;
	unsigned long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &resident) == 2)
			values[METRIC_RESIDENT_BYTES][0] = (double)resident * (double)sysconf(_SC_PAGESIZE);
		fclose(f);
	}
	if (getrusage(RUSAGE_SELF, &use) == 0)
		values[METRIC_CPU_SECONDS][0] = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
			(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void print_histogram(struct buf *out, const struct metric_info *info,
	const struct histogram *h, const char *label)
{
	const char *comma = *label ? "," : "";
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		sum += h->buckets[i];
		buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", info->name, label, comma, bounds[i],
			(unsigned long long)sum);
	}
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", info->name, label, comma,
		(unsigned long long)h->count);
	buf_printf(out, *label ? "%s_sum{%s} %.17g\n" : "%s_sum%s %.17g\n", info->name, label, h->sum);
	buf_printf(out, *label ? "%s_count{%s} %llu\n" : "%s_count%s %llu\n", info->name, label,
		(unsigned long long)h->count);
}

static void print_metric(struct buf *out, enum metric m)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	const struct metric_info *info = &infos[m];
	unsigned a, b, na = label_size(info->labels[0]), nb = label_size(info->labels[1]);
	char label[128];

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name,
		types[info->type]);
	for (a = 0; a < na; a++) {
		for (b = 0; b < nb; b++) {
			label[0] = '\0';
			if (info->labels[1])
				snprintf(label, sizeof(label), "%s=\"%s\",%s=\"%s\"", info->labels[0]->name,
					info->labels[0]->values[a], info->labels[1]->name,
					info->labels[1]->values[b]);
			else if (info->labels[0])
				snprintf(label, sizeof(label), "%s=\"%s\"", info->labels[0]->name,
					info->labels[0]->values[a]);
			if (info->type == HISTOGRAM)
				print_histogram(out, info, &histograms[m][a], label);
			else
				buf_printf(out, *label ? "%s{%s} %.17g\n" : "%s%s %.17g\n", info->name, label,
					values[m][a * nb + b]);
		}
	}
}

void metrics_print(struct buf *out)
{
	unsigned m;

	read_process();
	buf_printf(out, "# HELP tocsin_build_info The version that runs.\n# TYPE tocsin_build_info gauge\n"
		"tocsin_build_info{version=\"%s\"} 1\n", TOCSIN_VERSION);
	for (m = 0; m < METRICS; m++)
		print_metric(out, (enum metric)m);
}
