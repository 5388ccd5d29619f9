/*
 * fault.h - what goes wrong on purpose: slow, failing, cut and senseless answers of the Web API.
 *
 * A fault names a method (or "*") and a count; each matching call uses one up.
 */
#ifndef FAKE_SLACK_FAULT_H
#define FAKE_SLACK_FAULT_H

#include <stdbool.h>

#include <jansson.h>

struct fake;
struct request;
struct fault_list;

struct fault_list *faults_new(void);
void faults_free(struct fault_list *list);
void faults_reset(struct fault_list *list);

/* POST /admin/fault. */
void fault_add(struct fake *f, struct request *r, json_t *in);
json_t *faults_json(const struct fault_list *list);

/* Before a method runs: true when the fault has taken over and the method must not run. */
bool fault_play(struct fake *f, struct request *r, const char *method);

/* After it ran: true when the fault answers (or never will) in its place; then owns answer. */
bool fault_answer_owned(struct fake *f, struct request *r, const char *method, json_t *answer);

#endif
