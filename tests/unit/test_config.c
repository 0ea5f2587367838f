#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/config.h"
#include "base/auto.h"
#include "base/suggest.h"
#include "config/fields.h"
#include "config/file_value.h"
#include <cmocka.h>

#include "folder.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static char root[] = "/tmp/arcci-config-XXXXXX";

static void put(const char *name, const char *text)
{
    folder_put(root, name, text);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    put("services/messaging/service.yaml",
        "name: arc-flash\ncodename: flash\nrole: messaging\ntech: nats\nport: 4222\nports: [4222, "
        "8222]\nhealth: http://localhost:8222/healthz\ndepends_on: []\nowner: the bus team\n");
    put("services/cache/service.yaml",
        "name: arc-sonic\ncodename: sonic\ndepends_on: [flash, oracle]\nexternal: [oracle]\npaths: "
        "[shared/**]\n");
    put("services/empty/README", "");
    put("services/twin/service.yaml", "name: arc-twin\ncodename: flash\n");
    put("services/copy/service.yaml", "name: arc-flash\ncodename: copy\n");
    put("services/a/service.yaml", "name: arc-a\ncodename: a\ndepends_on: [b]\n");
    put("services/b/service.yaml", "name: arc-b\ncodename: b\ndepends_on:\n  - flash\n  - c\n");
    put("services/c/service.yaml", "name: arc-c\ncodename: c\ndepends_on: [sonic, a]\n");
    put("services/own/service.yaml", "name: arc-own\ncodename: own\ndepends_on: [own]\n");
    put("notes.md", "{{image-table}}\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return folder_remove(root);
}

static int load(const char *text, struct arc_config *config, struct arc_error *err)
{
    put(".github/arc-ci.yaml", text);
    return arc_config_load(root, NULL, config, err);
}

static struct arc_config good(const char *text)
{
    struct arc_config config;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (load(text, &config, &err))
        fail_msg("%s", arc_error_text(&err));
    return config;
}

static void test_defaults(void **state)
{
    (void)state;
    ARC_AUTO(arc_config)
    struct arc_config config =
        good("groups:\n  bus:\n    registry: ghcr.io/arc-framework\n    services: "
             "[services/messaging/]\n");
    assert_int_equal(config.group_count, 1);
    const struct arc_group *group = &config.groups[0];
    assert_string_equal(config.path, ".github/arc-ci.yaml");
    assert_string_equal(group->name, "bus");
    assert_string_equal(group->title, "bus");
    assert_null(group->description);
    assert_string_equal(group->tags[0], "bus/v*");
    assert_string_equal(group->platforms_ci[0], "linux/amd64");
    assert_null(group->platforms_ci[1]);
    assert_string_equal(group->platforms_release[1], "linux/arm64");
    assert_null(group->platforms_release[2]);
    assert_string_equal(group->image_tags[0].name, "{image-tag}");
    assert_string_equal(group->image_tags[1].name, "sha-{sha}");
    assert_string_equal(group->image_tags[2].name, "latest");
    assert_null(group->image_tags[3].name);
    assert_null(group->paths[0]);
    assert_null(group->notes_template);
    assert_null(group->runners[0].name);
    assert_null(group->build.args[0].name);
    assert_false(group->zero_prerelease);
    assert_false(group->rebuild_dependents);
    assert_int_equal(group->line, 2);
    const struct arc_service *service = &group->services[0];
    assert_string_equal(service->directory, "services/messaging");
    assert_string_equal(service->name, "arc-flash");
    assert_string_equal(service->codename, "flash");
    assert_string_equal(service->role, "messaging");
    assert_string_equal(service->tech, "nats");
    assert_string_equal(service->health, "http://localhost:8222/healthz");
    assert_int_equal(service->port, 4222);
    assert_int_equal(service->ports[1], 8222);
    assert_int_equal(service->ports[2], 0);
    assert_null(service->depends_on[0]);
    assert_null(service->paths[0]);
    assert_int_equal(service->line, 4);
}

static void test_everything(void **state)
{
    (void)state;
    ARC_AUTO(arc_config)
    struct arc_config config =
        good("x-platforms: &p {ci: [linux/arm64], release: [linux/arm/v7, linux/386]}\n"
             "groups:\n"
             "  cache:\n"
             "    title: Cache\n"
             "    description: |\n"
             "      One sentence.\n"
             "    tag: platform/cache/v*\n"
             "    registry: localhost:5000\n"
             "    platforms: *p\n"
             "    services: [services/cache]\n"
             "    image-tags: ['{image-tag}', 'v{major}.{minor}', '{group}_{sha}']\n"
             "    paths: ['services/common.mk', '!**/*.md']\n"
             "    notes-template: notes.md\n"
             "    runners: {linux/arm64: ubuntu-24.04-arm}\n"
             "    build-args: {REDIS_IMAGE: 'mirror/redis:7', LEVEL: 3, NONE: ''}\n"
             "    zero-prerelease: true\n"
             "    rebuild-dependents: true\n");
    const struct arc_group *group = &config.groups[0];
    assert_string_equal(group->description, "One sentence.");
    assert_string_equal(group->registries[0], "localhost:5000");
    assert_string_equal(group->platforms_ci[0], "linux/arm64");
    assert_string_equal(group->platforms_release[0], "linux/arm/v7");
    assert_string_equal(group->image_tags[2].name, "{group}_{sha}");
    assert_string_equal(group->paths[1], "!**/*.md");
    assert_string_equal(group->notes_template, "notes.md");
    assert_string_equal(group->runners[0].name, "linux/arm64");
    assert_string_equal(group->runners[0].value, "ubuntu-24.04-arm");
    assert_string_equal(group->build.args[1].name, "LEVEL");
    assert_string_equal(group->build.args[1].value, "3");
    assert_string_equal(group->build.args[2].value, ""); /* in place of a Dockerfile's default */
    assert_null(group->build.args[3].name);
    assert_true(group->zero_prerelease);
    assert_true(group->rebuild_dependents);
    assert_string_equal(group->services[0].depends_on[1], "oracle");
    assert_string_equal(group->services[0].external[0], "oracle");
    assert_string_equal(group->services[0].paths[0], "shared/**");
    assert_ptr_equal(arc_config_group(&config, "platform/cache"), group);
    assert_ptr_equal(arc_config_group(&config, "cache"), group);
    assert_null(arc_config_group(&config, "platform"));
}

/* A group around one line, so that the table below shows only what matters. Line 5 is the line. */
#define GROUP(line)                                                                                \
    "groups:\n  m:\n    registry: ghcr.io/a\n    services: [services/messaging]\n    " line "\n"
#define GROUPS(a, b)                                                                               \
    "groups:\n  m: {registry: ghcr.io/a, " a "}\n  n: {registry: ghcr.io/a, " b "}\n"
#define REGISTRY(text) "groups:\n  m:\n    services: [services/messaging]\n    registry: " text "\n"
#define SERVICES(text) "groups:\n  m:\n    registry: ghcr.io/a\n    services: " text "\n"

static const char *const wrong[][2] = {
    {"", "1:1: this file must be a mapping, this is nothing; its keys are groups, scan"},
    {"- a\n", "1:1: this file must be a mapping, this is a list; its keys are groups, scan"},
    {"group: {}\n", "1:1: 'group' is not a key of this file; did you mean 'groups'?"},
    {"other: {}\ngroups: {}\n",
     "1:1: 'other' is not a key of this file; its keys are groups, scan"},
    {"x-a: 1\n", "1:1: this file needs 'groups'"},
    {"groups: {}\n", "1:9: 'groups' must be a mapping of release groups, this is empty"},
    {"groups: [a]\n", "1:9: 'groups' must be a mapping of release groups, this is a list"},
    {"groups:\n  m:\n", "2:5: a group must be a mapping, this is nothing"},
    {"groups:\n  m: {services: [services/messaging]}\n",
     "2:6: a group needs 'registry', as in registry: ghcr.io/owner"},
    {"groups:\n  m: {registry: ghcr.io/a}\n",
     "2:6: a group needs 'services', as in services: [services/cart]"},
    {"groups:\n  'm..n': {}\n",
     "2:3: groups: 'm..n' cannot stand in a tag: letters, digits, '.', '_', '-', and '/' between "
     "parts"},
    {"groups:\n  m: {}\n  m: {}\n", "3:3: the key 'm' is here twice, first on line 2"},
    {"groups: [\n",
     "2:1: a value is missing, or a bracket is not closed (while parsing a flow node, on line 2)"},
    {GROUP("platfroms: {}"), "5:5: 'platfroms' is not a key of a group; did you mean 'platforms'?"},
    {GROUP("image_tags: []"),
     "5:5: 'image_tags' is not a key of a group; did you mean 'image-tags'?"},
    {GROUP("colour: red"),
     "5:5: 'colour' is not a key of a group; its keys are title, description, tag, "
     "versioning, registry, image, platforms, includes, services, bake, compose, "
     "image-tags, paths, notes-template, notes-file, runners, build, build-args, "
     "inputs, predecessor, make-latest, commits, sign, attest, generated, "
     "zero-prerelease, rebuild-dependents"},
    {GROUP("title: 2026"), "5:12: 'title' must be a string, this is a number; put it in quotes"},
    {GROUP("title: ''"), "5:12: title: '' is empty"},
    {GROUP("title: \"a\\nb\""), "5:12: title: 'a\\x0ab' must be one line"},
    {GROUP("title: \"a\\eb\""), "5:12: title: 'a\\x1bb' holds a control character"},
    {GROUP("title: \"a\\0b\""), "5:12: title: 'a\\x00b' holds a NUL byte"},
    {GROUP("title: [a]"), "5:12: 'title' must be a string, this is a list"},
    {GROUP("tag: m-v"),
     "5:10: tag: 'm-v' is not a pattern of tags: it has no {version} (nor a '*' for it "
     "at its end), as in 'messaging/v*'"},
    {GROUP("tag: /v*"),
     "5:10: tag: '/v*' is not a pattern of tags: it holds what no git tag may hold"},
    {GROUP("tag: 'a b/v*'"),
     "5:10: tag: 'a b/v*' is not a pattern of tags: it holds what no git tag may hold"},
    {GROUP("tag: 'v*.*.*'"),
     "5:10: tag: 'v*.*.*' is not a pattern of tags: it is a glob; {version} stands for a whole version, as in 'v{version}'"},
    {GROUP("make-latest: true"), "5:18: make-latest: 'true' is none of auto, own, never"},
    {GROUP("tag: ['v{version}', '{version}-{version}']"),
     "5:25: tag: '{version}-{version}' is not a pattern of tags: it has more than one version"},
    {GROUP("versioning: semantic"),
     "5:17: versioning: 'semantic' is neither 'semver', 'calver' nor 'loose'"},
    {GROUP("platforms: [linux/amd64]"),
     "5:16: 'platforms' must be a mapping, this is a list; its keys are ci, release"},
    {GROUP("platforms: {ci: 386}"),
     "5:21: 'ci' must be a string, this is a number; put it in quotes"},
    {GROUP("tag: []"), "5:10: 'tag' is empty"},
    {GROUP("platforms: {ci: []}"), "5:21: 'ci' is empty"},
    {GROUP("platforms: {release: []}"), "5:26: 'release' is empty"},
    {GROUP("platforms: {dev: []}"),
     "5:17: 'dev' is not a key of 'platforms'; its keys are ci, release"},
    {GROUP("platforms: {ci: [linux/amd46]}"),
     "5:22: ci: 'linux/amd46' names an unknown architecture; did you mean 'amd64'?"},
    {GROUP("platforms: {ci: [linus/amd64]}"),
     "5:22: ci: 'linus/amd64' names an unknown operating system; did you mean 'linux'?"},
    {GROUP("platforms: {ci: [linux/quantum]}"),
     "5:22: ci: 'linux/quantum' names an unknown architecture; a platform is written as in "
     "'linux/amd64'"},
    {GROUP("platforms: {ci: [linux//v7]}"),
     "5:22: ci: 'linux//v7' is not a platform, as in 'linux/amd64' or 'linux/arm/v7'"},
    {GROUP("platforms: {ci: [linux/arm/x7]}"),
     "5:22: ci: 'linux/arm/x7' has a wrong variant; it is 'v' and a number, as in 'linux/arm/v7'"},
    {GROUP("platforms: {ci: [linux/amd64, linux/x86_64]}"),
     "5:35: ci: 'linux/x86_64' is here twice"},
    {GROUP("image-tags: []"), "5:17: 'image-tags' is empty: a release would have no name"},
    {GROUP("image-tags: [{version}]"),
     "5:18: an entry of 'image-tags' must be a string or {name, when}, this is a mapping; put it "
     "in quotes"},
    {GROUP("title: {version}"),
     "5:12: 'title' must be a string, this is a mapping; put it in quotes"},
    {GROUP("image-tags: ['v{mayor}']"),
     "5:18: image-tags: 'v{mayor}' has an unknown placeholder; there are {image-tag}, {version}, "
     "{major}, {minor}, {patch}, {prerelease}, {sha}, {sha7}, {revision}, {branch}, {pr}, {date}, "
     "{year}, {month}, {day}, {time}, {group}, {codename}, {name}, {suffix}"},
    {GROUP("image-tags: [edge, {name: edge}]"), "5:24: an entry of 'image-tags' needs 'when'"},
    {GROUP("image-tags: [{name: e, when: lates}]"),
     "5:34: when: 'lates' is not a condition; did you mean 'latest'?"},
    {GROUP("image-tags: [{name: e, when: 'branch:'}]"), "5:34: when: 'branch:' names no branch"},
    {GROUP("image-tags: [{name: e, when: 'branch: main'}]"),
     "5:34: when: 'branch: main' has a blank, as no branch has"},
    {GROUP("image-tags: [{name: e, when: []}]"), "5:34: 'when' is empty; leave it out for always"},
    {GROUP("image-tags: [{name: e, when: 1}]"),
     "5:34: 'when' must be a condition or a list of them"},
    {GROUP("image-tags: [1.2]"), "5:18: an entry of 'image-tags' must be a string or {name, when}, "
                                 "this is a number; put it in quotes"},
    {GROUP("image-tags: [a, a]"), "5:21: image-tags: 'a' is here twice"},
    {GROUP("image-tags: ['a b']"),
     "5:18: image-tags: 'a b' is not an image tag: letters, digits, '_', '.', '-' and {placeholders}"},
    {GROUP("image-tags: ['v{major']"),
     "5:18: image-tags: 'v{major' is not an image tag: letters, digits, '_', '.', '-' and "
     "{placeholders}"},
    {GROUP("image-tags: ['.a']"),
     "5:18: image-tags: '.a' is not an image tag: it starts with '.' or '-'"},
    {GROUP("paths: [/etc/**]"),
     "5:13: paths: '/etc/**' is absolute; it must be relative to the repository"},
    {GROUP("paths: [a/../../b]"), "5:13: paths: 'a/../../b' leaves the repository by '..'"},
    {GROUP("paths: ['!../b']"), "5:13: paths: '!../b' leaves the repository by '..'"},
    {GROUP("paths: ['']"), "5:13: paths: '' is empty"},
    {GROUP("notes-template: ../x"), "5:21: notes-template: '../x' leaves the repository by '..'"},
    {GROUP("notes-template: gone.md"), "5:21: notes-template: there is no file gone.md"},
    {GROUP("notes-template: services"), "5:21: notes-template: there is no file services"},
    {GROUP("notes-file: ../{version}.md"),
     "5:17: notes-file: '../{version}.md' leaves the repository by '..'"},
    {GROUP("notes-file: NOTES.md"),
     "5:17: notes-file: 'NOTES.md' names no version: {version} or {tag} must be in it"},
    {GROUP("notes-template: 1"), "5:21: 'notes-template' must be a file, this is a number"},
    {GROUP("runners: {amd64/v1/x/y: x}"),
     "5:15: runners: 'amd64/v1/x/y' is not a platform, as in 'linux/amd64' or 'linux/arm/v7'"},
    {GROUP("runners: {linux/amd64: ''}"), "5:28: runners: '' is empty"},
    {GROUP("runners: {linux/arm64: x, linux/arm64/v8: y}"),
     "5:14: runners: 'linux/arm64/v8' is linux/arm64, which is there already"},
    {GROUP("runners: [x]"), "5:14: 'runners' must be a mapping, this is a list"},
    {GROUP("build-args: {1A: x}"),
     "5:18: build-args: '1A' is not a name of a build argument: letters, digits and '_'"},
    {GROUP("build-args: {A: }"),
     "5:21: the value of 'A' in 'build-args' must be a string, this is nothing"},
    {GROUP("build-args: {A: [b]}"),
     "5:21: the value of 'A' in 'build-args' must be a string, this is a list"},
    {GROUP("build: {args: {A: {version}}}"),
     "5:23: the value of 'A' in 'args' must be a string, this is a mapping; put it in quotes"},
    {GROUP("build: {labels: {A: {version}}}"),
     "5:25: the value of 'A' in 'labels' must be a string, this is a mapping; put it in quotes"},
    {GROUP("zero-prerelease: yes"),
     "5:22: 'zero-prerelease' must be true or false, this is a string"},
    {REGISTRY("https://ghcr.io/a"),
     "4:15: registry: 'https://ghcr.io/a' starts with a scheme; leave it out: 'ghcr.io/owner'"},
    {REGISTRY("ghcr.io/a/"), "4:15: registry: 'ghcr.io/a/' ends with a slash; leave it out"},
    {REGISTRY("a/b"), "4:15: registry: 'a/b' does not start with a registry's host, as in "
                      "'ghcr.io/owner' or 'localhost:5000'"},
    {REGISTRY("ghcr.io/A"),
     "4:15: registry: 'ghcr.io/A' is not an image prefix: behind the host only lower-case letters, "
     "digits and '.', '_', '-' between them"},
    {REGISTRY("ghcr.io//a"),
     "4:15: registry: 'ghcr.io//a' is not an image prefix: behind the host only lower-case letters, "
     "digits and '.', '_', '-' between them"},
    {"groups: {g: {compose: {files: []}}}\n", "1:31: 'files' is empty"},
    {"groups: {g: {bake: {files: []}}}\n", "1:28: 'files' is empty"},
    {SERVICES("[]"), "4:15: 'services' must be a list of directories or mappings, this is empty"},
    {SERVICES("services/a"),
     "4:15: 'services' must be a list of directories or mappings, this is a string"},
    {SERVICES("[[a]]"), "4:16: an entry of 'services' must be a directory, a glob, a YAML file "
                        "or a mapping, this is a list"},
    {SERVICES("[/srv]"),
     "4:16: services: '/srv' is absolute; it must be relative to the repository"},
    {SERVICES("[services/../..]"),
     "4:16: services: 'services/../..' leaves the repository by '..'"},
    {SERVICES("[./services/a]"), "4:16: services: './services/a' has an empty part or a '.': write "
                                 "it plainly, as in 'services/cart'"},
    {SERVICES("['services\\a']"),
     "4:16: services: 'services\\a' holds a backslash; paths are written with '/'"},
    {SERVICES("[services/gone]"), "4:16: services: there is no directory services/gone"},
    {SERVICES("[services/empty]"),
     "4:16: services: services/empty has neither a service.yaml, which names the service, nor "
     "the Dockerfile services/empty/Dockerfile"},
    {SERVICES("[services/messaging, services/messaging/]"),
     "4:36: services: 'services/messaging' is in group 'm' already (line 4); a service is released "
     "with one group"},
    {SERVICES("[services/messaging, services/twin]"),
     "4:36: services: the codename 'flash' of 'services/twin' belongs to 'services/messaging' "
     "already (line 4); filters and jobs are named by it: give one of them another"},
    {GROUPS("services: [services/messaging]", "services: [services/copy]"),
     "3:39: services: the image 'ghcr.io/a/arc-flash' of 'services/copy' belongs to 'services/messaging' "
     "already (line 2)"},
    {GROUPS("services: [services/cache]", "services: [services/cache]"),
     "3:39: services: 'services/cache' is in group 'm' already (line 2); a service is released "
     "with one group"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct arc_config config;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        char expected[1024];
        snprintf(expected, sizeof expected, ".github/arc-ci.yaml:%s", wrong[i][1]);
        assert_int_equal(load(wrong[i][0], &config, &err), ARC_EINPUT);
        assert_string_equal(arc_error_text(&err), expected);
        assert_string_equal(err.place.file, ".github/arc-ci.yaml");
        assert_true(err.place.line > 0);
        assert_int_equal(config.group_count, 0);
    }
}

static void test_wrong_service(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"codename: x\n",
         "1:1: a service.yaml needs 'name'; where it is another tool's, give the service a codename: "
         "{directory: services/bad, codename: …}"},
        {"name: arc-x\n", "1:1: a service.yaml needs 'codename'"},
        {"", "1:1: a service.yaml must be a mapping, this is nothing"},
        {"name: Arc\n",
         "1:7: name: 'Arc' is not an image name: lower-case letters and digits, with "
         "'.', '_' or '-' between them"},
        {"codename: Flash\n",
         "1:11: codename: 'Flash' is not a codename: a lower-case letter, then "
         "lower-case letters, digits and '-', 64 at most"},
        {"port: '1'\n", "1:7: 'port' must be a port number, this is a string"},
        {"port: 70000\n", "1:7: port: 70000 is not a port (1 to 65535)"},
        {"port: 0\n", "1:7: port: 0 is not a port (1 to 65535)"},
        {"ports: [1, 1]\n", "1:12: ports: '1' is here twice"},
        {"ports: 1\n", "1:8: 'ports' must be a list, this is a number"},
        {"depend_on: []\n",
         "1:1: 'depend_on' is not a key of a service.yaml; did you mean 'depends_on'?"},
        {"depends_on: flash\n", "1:13: 'depends_on' must be a list, this is a string"},
        {"paths: [../x]\n", "1:9: paths: '../x' leaves the repository by '..'"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct arc_config config;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        char expected[512];
        snprintf(expected, sizeof expected, "services/bad/service.yaml:%s", table[i][1]);
        put("services/bad/service.yaml", table[i][0]);
        assert_int_equal(load(SERVICES("[services/bad]"), &config, &err), ARC_EINPUT);
        assert_string_equal(arc_error_text(&err), expected);
    }
}

static void test_cycles(void **state)
{
    (void)state;
    static const char *const with =
        "groups:\n  m:\n    registry: ghcr.io/a\n    rebuild-dependents: true\n    services: "
        "[services/messaging, services/cache, services/a, services/b]\n  n:\n    registry: "
        "ghcr.io/a\n    services: [services/c]\n";
    struct arc_config config;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(load(with, &config, &err), ARC_EINPUT);
    assert_string_equal(arc_error_text(&err),
                        "services/c/service.yaml:3:21: depends_on: these services depend on "
                        "themselves: a → b → c → a; with rebuild-dependents there may be no cycle");
    assert_int_equal(load(GROUP("rebuild-dependents: true\n  n: {registry: ghcr.io/a, services: "
                                "[services/own]}"),
                          &config, &err),
                     ARC_EINPUT);
    assert_non_null(strstr(arc_error_text(&err), "themselves: own → own;"));
    /* Nobody follows the dependencies, so a cycle among them is no concern. */
    ARC_AUTO(arc_config)
    struct arc_config without = good(SERVICES("[services/a, services/b, services/c]"));
    assert_int_equal(without.groups[0].service_count, 3);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct arc_config config;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_config_load(root, "gone.yaml", &config, &err), ARC_ENOTFOUND);
    assert_string_equal(
        arc_error_text(&err),
        "there is no gone.yaml (a path is looked up from the repository's root), which names the release groups; 'arc-ci init' proposes one");
    arc_config_free(&config);
}

/* Eight groups, 25 services: what one repository may hold, and nothing depends on the first one. */
static void test_many(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_puts(&text, "groups:\n");
    for (int s = 0; s < 25; s++) {
        char name[64], body[128];
        snprintf(name, sizeof name, "src/svc%d/service.yaml", s);
        snprintf(body, sizeof body, "name: img-%d\ncodename: svc%d\nport: %d\n", s, s, 1000 + s);
        put(name, body);
        if (s % 3 == 0 && s < 24)
            arc_buf_printf(&text, "  g%d:\n    registry: example.org:5000/team/x\n    services:\n",
                           s / 3);
        arc_buf_printf(&text, "      - src/svc%d\n", s);
    }
    ARC_AUTO(arc_config) struct arc_config config = good(arc_buf_text(&text));
    assert_int_equal(config.group_count, 8);
    assert_int_equal(config.groups[7].service_count, 4);
    assert_string_equal(config.groups[7].services[3].codename, "svc24");
    assert_ptr_equal(arc_config_group(&config, "g5"), &config.groups[5]);
}

static void test_checks(void **state)
{
    (void)state;
    static const struct {
        arc_check *check;
        const char *text;
        bool good;
    } table[] = {
        {arc_check_name, "a", true},
        {arc_check_name, "a--b", true},
        {arc_check_name, "a__b", true},
        {arc_check_name, "a___b", false},
        {arc_check_name, "a..b", false},
        {arc_check_name, "a.b-c_d", true},
        {arc_check_name, "-a", false},
        {arc_check_name, "a-", false},
        {arc_check_name, "", false},
        {arc_check_name, "a/b", false},
        {arc_check_registry, "ghcr.io", true},
        {arc_check_registry, "localhost", true},
        {arc_check_registry, "host:5000/a/b", true},
        {arc_check_registry, "host", false},
        {arc_check_registry, "h:", false},
        {arc_check_registry, "h:123456", false},
        {arc_check_registry, "-h.io/a", false},
        {arc_check_registry, "h-.io/a", false},
        {arc_check_registry, "127.0.0.1:5000", true},
        {arc_check_registry, "[::1]:5000/o", true},
        {arc_check_registry, "[fd00::A]", true},
        {arc_check_registry, "[::1", false},
        {arc_check_registry, "[::1]5000", false},
        {arc_check_registry, "[::1]:", false},
        {arc_check_registry, "[fe80::1%eth0]:5000", false},
        {arc_check_registry, "[]:5000", false},
        {arc_check_registry, "[127.0.0.1]:5000", false},
        {arc_check_registry, "::1/o", false},
        {arc_check_registry, "a..b/c", false},
        {arc_check_registry, "", false},
        {arc_check_registry, "ghcr.io/a b", false},
        {arc_check_platform, "linux/arm64/v8", true},
        {arc_check_platform, "linux/amd64/v", false},
        {arc_check_platform, "linux/amd64/v2v3", false},
        {arc_check_platform, "linux/", false},
        {arc_check_platform, "linux/amd64/v2/x", false},
        {arc_check_platform, "Linux/x86_64", true}, /* as containerd reads it */
        {arc_check_platform, "linux/amd65", false},
        {arc_check_codename, "friday-collector", true},
        {arc_check_codename, "9a", false},
        {arc_check_codename, "a_b", false},
        {arc_check_codename, "a-", false},
        {arc_check_image_tag, "latest", true},
        {arc_check_image_tag, "{image-tag}", true},
        {arc_check_image_tag, "{}", false},
        {arc_check_image_tag, "a}", false},
        {arc_check_tag, "a/b/v*", true},
        {arc_check_tag, "{codename}-v{version}", true},
        {arc_check_tag, "a..b/v*", false},
        {arc_check_glob, "a/**/*.{c,h}", true},
        {arc_check_glob, "!a", true},
        {arc_check_glob, "[z-a]", false},
        {arc_check_glob, "!", false},
        {arc_check_path, "a/b.c/..d", true},
        {arc_check_path, "a//b", false},
        {arc_check_path, "", false},
        {arc_check_path, "a\nb", false},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        ARC_AUTO(arc_buf) struct arc_buf why = {0};
        if (table[i].check(table[i].text, &why) != table[i].good)
            fail_msg("%s is %s", table[i].text, table[i].good ? "right" : "wrong");
        assert_int_equal(why.len > 0, !table[i].good);
    }
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const words[] = {"services", "service", "paths", "ci", NULL};
    static const char *const table[][2] = {
        {"servcies", "services"},
        {"service", "service"},
        {"path", "paths"},
        {"psths", "paths"},
        {"cx", NULL},
        {"colour", NULL},
        {"", NULL},
        {"apths", "paths"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *found = arc_suggest(table[i][0], words);
        if (!table[i][1])
            assert_null(found);
        else
            assert_string_equal(found, table[i][1]);
    }
    char huge[200];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_null(arc_suggest(huge, words));
}

static void test_file_values(void **state)
{
    (void)state;
    static const char hcl[] =
        "/* a = 0\n b = 0 */ \nvariable \"A\" { default = \"1 {\" }\n"
        "variable \"B\" {\n  // a bot's line }\n  default = 2 # two\n}\n"
        "target \"web\" {\n  args = {\n    B = \"x\"\n  }\n  /* no */\n"
        "  tags = [\n    \"a=b\",\n  ]\n  inner \"x\" \"y\" {\n    c = 3\n  }\n"
        "  target = \"prod\"\n}\nlast = \"4\"\ngroup \"x\"// {\n"
        "later = 5\n";
    static const char lock[] =
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"1\"\n\n[[package]]\nversion = \"2\"\n"
        "name = \"b\"\n[package.c]\nname = \"c\"\n[[package]]\nname = \"d\"\nversion = \"3\"\n";
    static const struct {
        const char *file, *text, *value;
        char *at[7];
    } cases[] = {
        {"x.hcl", hcl, "1 {", {"variable", "A", "default"}},
        {"x.hcl", hcl, "2", {"variable", "B", "default"}},
        {"x.hcl", hcl, "prod", {"target", "web", "target"}},
        {"x.hcl", hcl, "3", {"target", "web", "inner", "x", "y", "c"}},
        {"x.hcl", hcl, NULL, {"target", "web", "B"}},
        {"x.hcl", hcl, NULL, {"a"}},
        {"x.hcl", hcl, NULL, {"b"}},
        {"x.hcl", hcl, "4", {"last"}},
        {"x.hcl", hcl, "5", {"later"}},
        {".env", "# no\nexport A='x y'\nB={\nC=h//t\n", "x y", {"A"}},
        {".env", "# no\nexport A='x y'\nB={\nC=h//t\n", "h//t", {"C"}},
        {".env", "export  \nA=1\nexport \t", "1", {"A"}},
        {"Dockerfile", "FROM x\nARG A=1.10\nENV B=\"2\"\nLABEL c='3' # no\n", "1.10", {"A"}},
        {"Dockerfile", "FROM x\nARG A=1.10\nENV B=\"2\"\nLABEL c='3' # no\n", "2", {"B"}},
        {"Dockerfile", "FROM x\nARG A=1.10\nENV B=\"2\"\nLABEL c='3' # no\n", "3", {"c"}},
        {"Dockerfile", "ENV A 15.1-1+x\nENV B c=d\nENV E\nENV G=1 H=2\n", "15.1-1+x", {"A"}},
        {"Dockerfile", "ENV A 15.1-1+x\nENV B c=d\nENV E\nENV G=1 H=2\n", "c=d", {"B"}},
        {"Dockerfile", "ENV A 15.1-1+x\nENV B c=d\nENV E\nENV G=1\n", "1", {"G"}},
        {"Dockerfile", "ENV A 15.1-1+x\nENV B c=d\nENV E\nENV G=1 H=2\n", "1", {"G"}},
        {"Dockerfile", "ENV A b c \nENV G=1.2 \\\n  H=3 \\\n  I=C:\\\n", "b c", {"A"}},
        {"Dockerfile", "ENV A b c \nENV G=1.2 \\\n  H=3 \\\n  I=C:\\\n", "1.2", {"G"}},
        {"Dockerfile", "ENV A b c \nENV G=1.2 \\\n  H=3 \\\n  I=C:\\\n", "3", {"H"}},
        {"Dockerfile", "ENV A b c \nENV G=1.2 \\\n  H=3 \\\n  I=C:\\\n", "C:\\", {"I"}},
        {"Dockerfile", "RUN x ${A} && rm -rf /lists/*\nENV A=1\n", "1", {"A"}},
        {"a.hcl", "x {\n  B = 1 /* { */\n}\ny { // {\n  A = 1 /* } */\n}\n", "1", {"y", "A"}},
        {".env", "export A=1 B=2\nC=d e\n", "1", {"A"}},
        {".env", "export A=1 B=2\nC=d e\n", "2", {"B"}},
        {".env", "export A=1 B=2\nC=d e\n", "d e", {"C"}},
        {".env", "A=1\nA=2\nB=3\n", "2", {"A"}},
        {"Dockerfile", "LABEL a='x, y' b=\"2\" c=3 \\\n  d=4 e=5\nRUN d=6 x", "2", {"b"}},
        {"Dockerfile", "LABEL a='x, y' b=\"2\" c=3 \\\n  d=4 e=5\nRUN d=6 x", "3", {"c"}},
        {"Dockerfile", "LABEL a='x, y' b=\"2\" c=3 \\\n  d=4 e=5\nRUN d=6 x", "4", {"d"}},
        {"Dockerfile", "LABEL a='x, y' b=\"2\" c=3 \\\n  d=4 e=5\nRUN d=6 x", "5", {"e"}},
        {"Dockerfile", "ARG A 1\nENV E\n", NULL, {"A"}},
        {"x.toml", "[p]\nv = 1\n[q] # [w]\nv = 2\n[[r]] ; x\nv = 3\n", "1", {"p", "v"}},
        {"x.toml", "[p]\nv = 1\n[q] # [w]\nv = 2\n[[r]] ; x\nv = 3\n", "2", {"q", "v"}},
        {"x.toml", "[p]\nv = 1\n[q] # [w]\nv = 2\n[[r]] ; x\nv = 3\n", "3", {"r", "v"}},
        {"x.toml", "v = 0\n[a.b]\nv = \"1.10\"\n[c]\nv=2\n", "1.10", {"a", "b", "v"}},
        {"x.toml", "v = 0\n[a.b]\nv = \"1.10\"\n[c]\nv=2\n", "2", {"c", "v"}},
        {"x.toml", "v = 0\n[a.b]\nv = \"1.10\"\n[c]\nv=2\n", "0", {"v"}},
        {"x.lock", lock, "2", {"package", "name=b", "version"}},
        {"x.lock", lock, "1", {"package", "name=a", "version"}},
        {"x.lock", lock, NULL, {"package", "name=c", "version"}},
        {"x.lock", lock, NULL, {"package", "name", "version"}},
        {".env", "A=1.2.1 # not '1'\nB='1.2.1' # one\nC='open\n", "1.2.1", {"A"}},
        {".env", "A=1.2.1 # not '1'\nB='1.2.1' # one\nC='open\n", "1.2.1", {"B"}},
        {".env", "A=1.2.1 # not '1'\nB='1.2.1' # one\nC='open\n", "'open", {"C"}},
        {"Makefile", "A ?= 1.2 # one\nB := 3\nC != pwd\n", "1.2", {"A"}},
        {"Makefile", "A ?= 1.2 # one\nB := 3\nC != pwd\n", "3", {"B"}},
        {"Makefile", "A ?= 1.2 # one\nB := 3\nC != pwd\n", NULL, {"C"}},
        {"v.go", "package v\n\nconst Version = \"1.7.0\"\n", "1.7.0", {"Version"}},
        {"v.ts", "export const A_VERSION = '1';\nexport const VERSION = '3';\n", "3", {"VERSION"}},
        {"Dockerfile", "RUN VERSION=1 make\nENV VERSION=2\n", "2", {"VERSION"}},
        {"b.sh", "docker build --build-arg VERSION=1 .\n", NULL, {"VERSION"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arc_file_place place = {(char *)cases[i].file, (char **)cases[i].at, 0};
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        ARC_AUTO_FREE char *value = NULL;
        arc_buf_puts(&text, cases[i].text);
        int rc = arc_file_value(&place, &text, &value, NULL);
        assert_int_equal(rc, cases[i].value ? ARC_OK : ARC_EINPUT);
        if (cases[i].value)
            assert_string_equal(value, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything),
        cmocka_unit_test(test_wrong),    cmocka_unit_test(test_wrong_service),
        cmocka_unit_test(test_cycles),   cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_many),     cmocka_unit_test(test_checks),
        cmocka_unit_test(test_suggest),  cmocka_unit_test(test_file_values),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
