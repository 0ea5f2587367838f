/* Which tags have a published release, since a tag whose build failed must not be a predecessor. */
#include "base/json.h"
#include "base/text.h"
#include "github/github.h"
#include "github/options.h"
#include "project/repository.h"

#define PAGES_MAX 100 /* of 100 releases: GitHub lists the newest 10,000 */

static int add_release(void *context, json_t *release, struct arc_error *err)
{
    struct arc_repository *out = context;
    const char *tag = arc_json_text_of(release, "tag_name");
    bool draft = json_is_true(json_object_get(release, "draft"));
    bool marked = json_is_true(json_object_get(release, "prerelease"));
    bool withdrawn = ARC_STARTS(arc_json_text_of(release, "body"), ARC_WITHDRAWN_MARK);

    if (*tag && ((!draft && json_array_append_new(out->published, json_string(tag))) ||
                 (marked && !withdrawn && json_array_append_new(out->marked, json_string(tag))) ||
                 (withdrawn && json_array_append_new(out->withdrawn, json_string(tag)))))
        return arc_error_nomem(err);

    return ARC_OK;
}

int arc_repository_read_published(const struct arc_env *env, struct arc_repository *out,
                                  struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *name = arc_env_nonempty(env, "GITHUB_REPOSITORY");

    if (!name || !arc_repository_name_valid(name) || !arc_github_token(env, NULL))
        return ARC_OK;
    if (out->published)
        return ARC_OK;
    struct arc_repository found = {
        .published = json_array(), .withdrawn = json_array(), .marked = json_array()};
    struct arc_github_options options = {.env = env, .idle_timeout = 20, .max_wait = 20};
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    int rc = found.published && found.withdrawn && found.marked ? ARC_OK : ARC_ENOMEM;
    if (!rc)
        rc = arc_transport_github(&options, &transport, &problem);
    if (!rc)
        rc = arc_transport_each(transport, NULL, "find the last release", PAGES_MAX, add_release,
                                &found, &problem, "/repos/%s/releases?per_page=100", name);

    if (!rc || rc == ARC_ELIMIT) {
        out->published = found.published;
        out->withdrawn = found.withdrawn;
        json_decref(out->marked);
        out->marked = found.marked;
        return ARC_OK;
    }

    arc_repository_free(&found);
    ARC_TRY(arc_error_memory(rc, err));
    out->published_unknown = arc_arena_text(&out->memory, arc_error_text(&problem));

    return arc_arena_check(&out->memory, err);
}
