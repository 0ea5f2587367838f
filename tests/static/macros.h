/* For cppcheck, which does not see the libraries' headers: what their macros for loops are. */
#define json_array_foreach(array, index, value)                                                    \
    for (index = 0; index < json_array_size(array) && (value = json_array_get(array, index));      \
         index++)
#define json_object_foreach(object, key, value)                                                    \
    for (key = json_key(object); key && (value = json_value(object, key));                         \
         key = json_next(object, key))
#define json_object_foreach_safe(object, after, key, value)                                        \
    for (key = json_key(object); key && (value = json_value(object, key));                         \
         key = json_next(object, key))
