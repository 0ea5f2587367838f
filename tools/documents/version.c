#include "base/auto.h"
#include "documents/record.h"

static const struct arc_member fields[] = {
    {"tag", ARC_MEMBER_TEXT, AT(arc_version_info, tag)},
    {"group", ARC_MEMBER_TEXT, AT(arc_version_info, group)},
    {"version", ARC_MEMBER_TEXT, AT(arc_version_info, version)},
    {"image-tag", ARC_MEMBER_TEXT, AT(arc_version_info, image_tag)},
    {"prerelease", ARC_MEMBER_FLAG, AT(arc_version_info, prerelease)},
    {"latest", ARC_MEMBER_FLAG, AT(arc_version_info, latest)},
    {"latest-major", ARC_MEMBER_FLAG, AT(arc_version_info, latest_major)},
    {"latest-minor", ARC_MEMBER_FLAG, AT(arc_version_info, latest_minor)},
    {"latest-reason", ARC_MEMBER_TEXT, AT(arc_version_info, latest_reason)},
    {"tags-known", ARC_MEMBER_FLAG, AT(arc_version_info, tags_known)},
    {"major", ARC_MEMBER_TEXT, AT(arc_version_info, major), .optional = true},
    {"minor", ARC_MEMBER_TEXT, AT(arc_version_info, minor), .optional = true},
    {"patch", ARC_MEMBER_TEXT, AT(arc_version_info, patch), .optional = true},
    {"previous-tag", ARC_MEMBER_TEXT, AT(arc_version_info, previous_tag), .optional = true},
    {0},
};

const struct arc_record arc_version_record = {"version", sizeof(struct arc_version_info), fields};

int arc_version_read(const json_t *json, struct arc_version_info *out, struct arc_error *err)
{
    return arc_document_load(&arc_version_record, json, out, err);
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
    arc_document_free(version, sizeof *version);
}
