/* The numbers that arc-ci names are in compat.h. */
