#include "arcci/documents.h"
#include "base/auto.h"
#include "documents/record.h"

#define AT(member) .offset = offsetof(struct arc_version_info, member)

static const struct arc_member fields[] = {
    {"tag", ARC_MEMBER_TEXT, AT(tag)},
    {"group", ARC_MEMBER_TEXT, AT(group)},
    {"version", ARC_MEMBER_TEXT, AT(version)},
    {"image-tag", ARC_MEMBER_TEXT, AT(image_tag)},
    {"prerelease", ARC_MEMBER_FLAG, AT(prerelease)},
    {"latest", ARC_MEMBER_FLAG, AT(latest)},
    {"latest-major", ARC_MEMBER_FLAG, AT(latest_major)},
    {"latest-minor", ARC_MEMBER_FLAG, AT(latest_minor)},
    {"latest-reason", ARC_MEMBER_TEXT, AT(latest_reason)},
    {"tags-known", ARC_MEMBER_FLAG, AT(tags_known)},
    {"major", ARC_MEMBER_TEXT, AT(major), .optional = true},
    {"minor", ARC_MEMBER_TEXT, AT(minor), .optional = true},
    {"patch", ARC_MEMBER_TEXT, AT(patch), .optional = true},
    {"previous-tag", ARC_MEMBER_TEXT, AT(previous_tag), .optional = true},
    {0},
};

const struct arc_record arc_version_record = {"version", sizeof(struct arc_version_info), fields};

int arc_version_read(const json_t *json, struct arc_version_info *out, struct arc_error *err)
{
    *out = (struct arc_version_info){0};
    int rc = arc_record_read(&arc_version_record, json, &out->memory, out, err);
    if (rc)
        arc_version_info_free(out);
    return rc;
}

int arc_version_write(const struct arc_version_info *version, json_t **out, struct arc_error *err)
{
    return arc_record_write(&arc_version_record, version, out, err);
}

int arc_version_info_copy(const struct arc_version_info *version, struct arc_arena *memory,
                          struct arc_version_info **out, struct arc_error *err)
{
    *out = arc_arena_array(memory, 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);
    return arc_record_copy(&arc_version_record, version, memory, *out, err);
}

void arc_version_info_free(struct arc_version_info *version)
{
    if (!version)
        return;
    arc_arena_free(&version->memory);
    *version = (struct arc_version_info){0};
}
