// What a release tag says: version.json of the tag that is given, by the library behind `arc-ci version`.
#include <arcci/project.h>
#include <cstdio>
#include <cstdlib>
#include <ctime>

extern char **environ;

int main(int argc, char **argv)
{
    arc_env env = {};
    env.vars = environ;
    env.now = std::time(nullptr);
    arc_project project = {};
    project.env = &env;
    project.wanted.tag = argc > 1 ? argv[1] : nullptr;
    arc_error err = {};

    json_t *document = nullptr;
    int rc = arc_project_load_version(&project, &err);
    if (!rc)
        rc = arc_version_write(project.version, &document, &err);
    if (rc) {
        std::fprintf(stderr, "version: %s\n", arc_error_text(&err));
    } else {
        char *text = json_dumps(document, JSON_INDENT(2));
        std::puts(text ? text : "");
        std::free(text);
    }

    json_decref(document);
    arc_project_free(&project);
    arc_error_clear(&err);
    return arc_exit_status(rc);
}
