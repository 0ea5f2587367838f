/* Helpers that the parts of the release stage share. */
#include "base/json.h"
#include "release/release.h"

/* Whether a member of one of the answer's errors holds this text. */
static bool error_says(const json_t *body, const char *member, const char *text)
{
    arc_json_each (one, json_object_get(body, "errors"))
        if (strstr(arc_json_text_of(one, member), text))
            return true;
    return false;
}

bool release_name_burned(const struct arc_reply *reply)
{
    return reply->status == 422 && error_says(reply->body, "message", "immutable release");
}

int release_refuse_name(struct release_run *run, struct arc_error *err)
{
    run->final = true;
    arc_error_clear(err);
    return arc_error_set(err, ARC_EFAILED,
                         "an immutable release had the tag %s once and was deleted, so no release "
                         "can ever have it again: take a new version (a new tag)",
                         run->tag);
}

bool release_look_again(struct release_run *run, const struct arc_reply *reply,
                        struct arc_error *err)
{
    bool gone = reply->status == 404 && ++run->gone <= 2;
    if (!reply->doubtful && !gone && reply->status != 409 &&
        !(reply->status == 422 && error_says(reply->body, "code", "already_exists")))
        return false;

    arc_error_clear(&run->trouble);
    run->trouble = arc_steal(err);
    run->troubles++;
    release_say(run, "looking again: %s", arc_error_text(&run->trouble));

    return true;
}

bool release_is_sibling(const struct release_run *run, const char *tag, bool *above)
{
    ARC_AUTO(arc_tag) struct arc_tag theirs = {0};
    const struct arc_tag *own = &run->own_tag;

    if (!own->text || arc_tag_parse(tag, run->o->group, &theirs, NULL))
        return false;
    *above = own->service == theirs.service && !theirs.version.prerelease &&
             arc_release_version_compare(&theirs.version, &own->version) > 0;

    return run->o->group || (own->group_len == theirs.group_len &&
                             memcmp(own->text, theirs.text, own->group_len) == 0);
}

char *release_id(struct release_run *run, const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    if (json_is_integer(id))
        return arc_arena_printf(&run->memory, "%lld", (long long)json_integer_value(id));
    return arc_arena_text(&run->memory, arc_json_text_of(object, "id"));
}
