// MicroPython's unix port with the collector of an ESP32: a heap that grows by itself, out of a
// modeled ESP-IDF heap (chip_heap.c), and threads that hold the GIL.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#include "variants/mpconfigvariant_common.h"

#define MICROPY_GC_SPLIT_HEAP (1)
#define MICROPY_GC_SPLIT_HEAP_AUTO (1)
#define MICROPY_PY_THREAD (1)
#define MICROPY_PY_THREAD_GIL (1)
#define MICROPY_PY_THREAD_RECURSIVE_MUTEX (1)  // The unix port needs it.
#undef MICROPY_ASYNC_KBD_INTR  // It does not go with the GIL.
#define MICROPY_ASYNC_KBD_INTR (0)

// gc.c uses the first one in gc_try_add_heap only. It passes its local variable, and chip_heap.c
// changes it: `needed` is the local variable with the least size.
#define MP_PLAT_ALLOC_HEAP(size) chip_take_area(&(size), needed)
#define MP_PLAT_FREE_HEAP(area) chip_give_area(area)

#include <stddef.h>
void *chip_take_area(size_t *size, size_t needed);
void chip_give_area(void *area);
