/* The GitHub REST API over HTTP: the real transport, and the requests of `changes`. */
#pragma once

#include "arcci/transport.h"
#include "http/http.h"

/* The token: INPUT_TOKEN, GITHUB_TOKEN or GH_TOKEN, the first that is not empty, or NULL. Sets
 * *variable (may be NULL) to its name. Owned by the environment. */
const char *arc_github_token(const struct arc_env *env, const char **variable);

/* The most files that "List pull requests files" returns (GitHub docs); at that number, some may be
 * missing. */
#define ARC_PULL_FILES_MAX 3000

/* The files of a pull request: *out is [{"path", "status", "previous"}] in the API's order,
 * `status` as the API has it (added, removed, modified, renamed, copied, changed, unchanged),
 * `previous` null or the old name of a rename. `repository` is "owner/name"; `head` is the event's
 * newest commit, `expected` its pull_request.changed_files, or -1 when it is not known. Fails
 * closed: ARC_ELIMIT if the API's limit was reached or fewer files came than expected, since the
 * rest would count as unchanged; ARC_EWORLD if the files are another commit's, after a later push.
 * *out is a new reference. */
int arc_github_pull_files(struct arc_transport *transport, const char *repository, int64_t number,
                          const char *head, int64_t expected, json_t **out, struct arc_error *err);

/* Sets the error for an answer that is not a success: its status, GitHub's message, field errors
 * and documentation, the required permission and how to grant it. Returns ARC_ENOTFOUND, ARC_EWORLD
 * or ARC_EFAILED as struct arc_transport has it. `body` may be NULL. */
int arc_github_explain(const char *method, const char *path, const struct arc_http_response *answer,
                       const json_t *body, struct arc_error *err);

/* Whether a bot or somebody with write access posted a comment or an issue (in the API's form):
 * anybody else could forge our marks. */
bool arc_github_is_insider(const json_t *post);

/* Whether credentials for the API at `api` may go to `url`: the same host and port, or, for
 * api.NAME, uploads.NAME. Both are absolute. */
bool arc_github_trusted(const char *api, const char *url);

/* Replaces every occurrence of the secret (NULL, "": none) in the text with "***", in place: plain,
 * with JSON's or a URL's escapes, and in base64. arc_github_mask_bytes() takes `len` bytes and a
 * NUL, and returns the new length. */
size_t arc_github_mask_bytes(char *text, size_t len, const char *secret);
void arc_github_mask(char *text, const char *secret);
