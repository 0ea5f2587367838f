/* What notes say of signatures, and of the releases that a train is made of. */
#include "arcci/sign.h"
#include "arcci/transport.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "notes/values.h"
#include <string.h>

json_t *notes_signature(const struct arc_notes_options *options, const char *reference,
                        bool by_github)
{
    const struct arc_signing *sign = options->plan->sign;
    ARC_AUTO(arc_buf) struct arc_buf command = {0};

    if (!sign || !reference)
        return json_null();
    ARC_AUTO_JSON json_t *words = NULL;
    if (by_github)
        words = arc_sign_attest_command(sign, reference);
    else
        words = arc_sign_command(sign, options->root, reference);
    size_t i;
    json_t *word;
    json_array_foreach (words, i, word) {
        const char *text = json_string_value(word);
        arc_buf_puts(&command, i ? " " : "");
        arc_markdown_shell(&command, text, strlen(text));
    }

    return command.len || command.failed ? arc_json_buf(&command) : json_null();
}

json_t *notes_releases(const struct arc_plan *plan)
{
    json_t *releases = json_array();

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        const struct arc_planned_release *released = service->released;
        if (!released)
            continue;

        json_t *entry = arc_json_find(releases, "tag", released->tag);
        if (!entry) {
            ARC_AUTO_FREE char *encoded = arc_url_encode(released->tag);
            json_t *page = json_null();
            if (plan->source && encoded)
                page = json_sprintf("%s/releases/tag/%s", plan->source, encoded);
            entry = json_pack("{s:s, s:s, s:s, s:o, s:[], s:[]}", "group", released->group, "tag",
                              released->tag, "version", released->version, "url", page, "services",
                              "images");
            arc_json_push(&releases, entry);
        }

        if (!releases ||
            json_array_append_new(json_object_get(entry, "services"),
                                  json_string(service->service)) ||
            json_array_append_new(json_object_get(entry, "images"),
                                  json_sprintf("%s:%s", service->image, service->staging))) {
            json_decref(releases);
            return NULL;
        }
    }

    return releases;
}
