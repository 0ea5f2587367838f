/* A service while its files are read. */
#ifndef ARC_CONFIG_READING_H
#define ARC_CONFIG_READING_H

#include "arcci/config.h"
#include "yaml/yaml.h"

/* A service as a file has it, and what takes a second look. */
struct arc_service_reading {
    struct arc_service service;
    const struct arc_yaml_node *build;
    const struct arc_yaml_node *variants_node;
    const struct arc_yaml_node *version_node;
    const struct arc_yaml_node *directory; /* of an entry; what it names is the caller's to find */
    struct arc_service_reading *variants;  /* to be laid over it, one after the other */
    size_t variant_count;
    char *image; /* template of its images' names */
    bool named;  /* a variant says its own codename; its image's name likewise */
    bool titled;
    char *inputs; /* "directory" or "dockerfile"; NULL: not said */
};

#endif
