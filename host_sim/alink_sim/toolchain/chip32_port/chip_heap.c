// The two heaps of an ESP32, for the simulated board: ESP-IDF's, as a table of blocks, and the
// areas of MicroPython's heap that come from it. The Python module `_chip` is their interface:
//
//   open(regions, first, kept)   regions: tuple of (total, free, the part of free before a used
//                                block) in the order of allocation
//   Block(size, ...)             takes ESP-IDF memory or raises MemoryError; give() returns it,
//                                and so does the collector
//   free(), largest()            bytes of ESP-IDF memory
//   info()                       what esp32.idf_heap_info returns
//   rest(whether)                this thread waits for time to pass from now on, or not any more
//   settle()                     let each thread that can run end or wait, then return the stacks
//                                of the ended ones: a chip's idle task does that in a few ms
//
// Before `open` the heap is what -X heapsize says, and the stand-ins load into it. `open` fills
// the rest of that area, so it is like ROM from then on, and opens the first area of a chip.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/mpthread.h"
#include "py/qstr.h"
#include "py/runtime.h"

// --------------------------------------------------------------------------- ESP-IDF's heap

#define MAX_REGIONS 8
#define MAX_BLOCKS 512
#define REGION_BITS 20
#define NOWHERE ((uint32_t)-1)
#define USED_BYTES 16  // A block that is never given back.

typedef struct { uint32_t start, size; } span_t;

typedef struct {
    uint32_t total, size, used, most;
    size_t count;
    span_t spans[MAX_BLOCKS];  // The taken ones, in the order of their addresses.
} region_t;

static region_t regions[MAX_REGIONS];
static size_t region_count;

// An address is the number of a region and an offset in it.
static uint32_t idf_take(uint32_t size) {
    size = (size + 3) & ~3u;
    for (size_t number = 0; number < region_count; number++) {
        region_t *region = &regions[number];
        uint32_t at = 0;
        size_t place = 0;
        while (place < region->count && region->spans[place].start - at < size) {
            at = region->spans[place].start + region->spans[place].size;
            place++;
        }
        if (region->count == MAX_BLOCKS || region->size - at < size) {
            continue;
        }
        memmove(&region->spans[place + 1], &region->spans[place],
            (region->count - place) * sizeof(span_t));
        region->spans[place] = (span_t) {at, size};
        region->count++;
        region->used += size;
        if (region->used > region->most) {
            region->most = region->used;
        }
        return number << REGION_BITS | at;
    }
    return NOWHERE;
}

static void idf_give(uint32_t address) {
    region_t *region = &regions[address >> REGION_BITS];
    uint32_t start = address & ((1u << REGION_BITS) - 1);
    for (size_t place = 0; place < region->count; place++) {
        if (region->spans[place].start == start) {
            region->used -= region->spans[place].size;
            region->count--;
            memmove(&region->spans[place], &region->spans[place + 1],
                (region->count - place) * sizeof(span_t));
            return;
        }
    }
}

// ESP-IDF's allocator serves a large block from 16 classes for each power of two, and calls a free
// block as large as its class.
static uint32_t fit(uint32_t size) {
    uint32_t step = 4;
    while (step * 32 <= size) {
        step *= 2;
    }
    return size & ~(step - 1);
}

static uint32_t largest_in(const region_t *region) {
    uint32_t at = 0, largest = 0;
    for (size_t place = 0; place <= region->count; place++) {
        uint32_t end = place < region->count ? region->spans[place].start : region->size;
        if (end - at > largest) {
            largest = end - at;
        }
        if (place < region->count) {
            at = end + region->spans[place].size;
        }
    }
    return fit(largest);
}

static uint32_t idf_free(void) {
    uint32_t free = 0;
    for (size_t number = 0; number < region_count; number++) {
        free += regions[number].size - regions[number].used;
    }
    return free;
}

size_t gc_get_max_new_split(void) {
    uint32_t largest = 0;
    for (size_t number = 0; number < region_count; number++) {
        uint32_t here = largest_in(&regions[number]);
        if (here > largest) {
            largest = here;
        }
    }
    return largest;
}

// ------------------------------------------------------------------------- MicroPython's heap

// The area of the stand-ins is the first of gc.c's list and no part of the chip's heap.
static size_t rom_bytes;

MP_REGISTER_ROOT_POINTER(void *chip_filling);  // What fills the area of the stand-ins.
MP_REGISTER_ROOT_POINTER(void *chip_kept);  // What a chip's firmware has in its first area.

#define MAX_AREAS 16
static struct { void *area; uint32_t address; } areas[MAX_AREAS];

// The size of an area that doubles the chip's heap: the rule of gc_try_add_heap.
static size_t heap_of_chip(void) {
    size_t bytes = 0;
    for (mp_state_mem_area_t *area = MP_STATE_MEM(area).next; area != NULL; area = area->next) {
        bytes += area->gc_pool_end - area->gc_pool_start;
    }
    size_t blocks = bytes / MICROPY_BYTES_PER_GC_BLOCK;
    // Two bits a block, one for the finaliser, and the head of an area.
    bytes += blocks / 4 + blocks / 8 + 1 + sizeof(mp_state_mem_area_t);
    return (bytes + MICROPY_BYTES_PER_GC_BLOCK - 1) & ~(MICROPY_BYTES_PER_GC_BLOCK - 1);
}

void *chip_take_area(size_t *size, size_t needed) {
    size_t avail = gc_get_max_new_split();
    *size = MIN(avail, MAX(heap_of_chip(), needed)) & ~3u;
    for (size_t place = 0; place < MAX_AREAS; place++) {
        if (areas[place].area == NULL) {
            uint32_t address = idf_take(*size);
            if (address == NOWHERE) {
                return NULL;
            }
            areas[place].area = malloc(*size);
            areas[place].address = address;
            return areas[place].area;
        }
    }
    return NULL;
}

void chip_give_area(void *area) {
    for (size_t place = 0; place < MAX_AREAS; place++) {
        if (areas[place].area == area) {
            idf_give(areas[place].address);
            areas[place].area = NULL;
        }
    }
    free(area);
}

void __real_gc_info(gc_info_t *info);

void __wrap_gc_info(gc_info_t *info) {
    __real_gc_info(info);
    info->total -= rom_bytes;
    info->used -= MIN(info->used, rom_bytes);
}

void __wrap_gc_dump_info(const mp_print_t *print) {
    gc_info_t info;
    __wrap_gc_info(&info);
    mp_printf(print, "GC: total: %u, used: %u, free: %u, max new split: %u\n", (uint)info.total,
        (uint)info.used, (uint)info.free, (uint)info.max_new_split);
    mp_printf(print, " No. of 1-blocks: %u, 2-blocks: %u, max blk sz: %u, max free sz: %u\n",
        (uint)info.num_1block, (uint)info.num_2block, (uint)info.max_block, (uint)info.max_free);
}

static void fill_rom(void) {
    mp_uint_t automatic = MP_STATE_MEM(gc_auto_collect_enabled);
    MP_STATE_MEM(gc_auto_collect_enabled) = 0;
    for (size_t size = 32768; size >= MICROPY_BYTES_PER_GC_BLOCK; size /= 2) {
        void **piece;
        while ((piece = gc_alloc(size, 0)) != NULL) {
            memset(piece, 0, size);
            *piece = MP_STATE_VM(chip_filling);
            MP_STATE_VM(chip_filling) = piece;
        }
    }
    MP_STATE_MEM(gc_auto_collect_enabled) = automatic;
    rom_bytes = MP_STATE_MEM(area).gc_pool_end - MP_STATE_MEM(area).gc_pool_start;
}

// The names of the stand-ins are in ROM on a chip, so the next name begins as the first one does
// there, with a table of 20 and a new chunk of text.
static void begin_names(void) {
    MP_STATE_VM(last_pool)->alloc = 10;
    MP_STATE_VM(qstr_last_chunk) = NULL;
}

static mp_obj_t chip_open(mp_obj_t regions_in, mp_obj_t first_in, mp_obj_t kept_in) {
    fill_rom();
    begin_names();
    size_t first = mp_obj_get_int(first_in) + sizeof(mp_state_mem_area_t);
    char *area = malloc(first);
    gc_add(area, area + first);
    MP_STATE_VM(chip_kept) = gc_alloc(mp_obj_get_int(kept_in), 0);
    memset(MP_STATE_VM(chip_kept), 0, mp_obj_get_int(kept_in));
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(regions_in, &count, &items);
    for (size_t number = 0; number < count && number < MAX_REGIONS; number++) {
        mp_obj_t *figures;
        mp_obj_get_array_fixed_n(items[number], 3, &figures);
        region_t *region = &regions[number];
        region->total = mp_obj_get_int(figures[0]);
        region->size = mp_obj_get_int(figures[1]);
        uint32_t before = mp_obj_get_int(figures[2]);
        if (before) {
            region->size += USED_BYTES;
            region->used = region->most = USED_BYTES;
            region->spans[0] = (span_t) {before, USED_BYTES};
            region->count = 1;
        }
        region_count = number + 1;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(chip_open_obj, chip_open);

// -------------------------------------------------------------------------- stacks of threads

#define LEAST_STACK (4 * 1024)
#define USUAL_STACK (5 * 1024)
#define TASK_BYTES 1400  // Beside its stack.
#define HOST_STACK (256 * 1024)
#define MAX_THREADS 16

typedef struct {
    mp_uint_t id;  // 0 for a free entry.
    uint32_t address;
    bool ended;
    volatile bool rests;
    mp_thread_mutex_t *volatile awaited;  // The lock that it waits for.
} task_t;

static task_t tasks[MAX_THREADS];

mp_uint_t __real_mp_thread_create(void *(*entry)(void *), void *arg, size_t *stack_size);
void __real_mp_thread_finish(void);
int __real_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait);
void __real_mp_thread_mutex_unlock(mp_thread_mutex_t *mutex);

static task_t *own_task(void) {
    mp_uint_t id = mp_thread_get_id();
    for (size_t place = 0; place < MAX_THREADS; place++) {
        if (tasks[place].id == id && !tasks[place].ended) {
            return &tasks[place];
        }
    }
    return NULL;  // The first thread: its stack is not in this table.
}

mp_uint_t __wrap_mp_thread_create(void *(*entry)(void *), void *arg, size_t *stack_size) {
    size_t wanted = *stack_size == 0 ? USUAL_STACK : MAX(*stack_size, LEAST_STACK);
    size_t place = 0;
    while (place < MAX_THREADS && tasks[place].id != 0) {
        place++;
    }
    uint32_t address = NOWHERE;
    if (place < MAX_THREADS && region_count) {
        address = idf_take(wanted + TASK_BYTES);
    }
    if (address == NOWHERE) {
        mp_raise_msg(&mp_type_OSError, MP_ERROR_TEXT("can't create thread"));
    }
    *stack_size = MAX(wanted, HOST_STACK);
    tasks[place] = (task_t) { .address = address };
    // It needs the GIL, which we hold, before it can look for its entry.
    tasks[place].id = __real_mp_thread_create(entry, arg, stack_size);
    return tasks[place].id;
}

void __wrap_mp_thread_finish(void) {
    task_t *own = own_task();
    if (own) {
        own->ended = true;
    }
    __real_mp_thread_finish();
}

int __wrap_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    task_t *own = wait && mutex != &MP_STATE_VM(gil_mutex) ? own_task() : NULL;
    if (own) {
        own->awaited = mutex;
    }
    int taken = __real_mp_thread_mutex_lock(mutex, wait);
    if (own) {
        own->awaited = NULL;
    }
    return taken;
}

void __wrap_mp_thread_mutex_unlock(mp_thread_mutex_t *mutex) {
    if (mutex != &MP_STATE_VM(gil_mutex)) {
        for (size_t place = 0; place < MAX_THREADS; place++) {
            if (tasks[place].awaited == mutex) {
                tasks[place].awaited = NULL;  // It can run from now on.
                break;
            }
        }
    }
    __real_mp_thread_mutex_unlock(mutex);
}

static mp_obj_t chip_rest(mp_obj_t whether) {
    task_t *own = own_task();
    if (own) {
        own->rests = mp_obj_is_true(whether);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(chip_rest_obj, chip_rest);

static bool another_runs(void) {
    task_t *own = own_task();
    for (size_t place = 0; place < MAX_THREADS; place++) {
        task_t *one = &tasks[place];
        if (one->id && !one->ended && one != own && !one->rests && !one->awaited) {
            return true;
        }
    }
    return false;
}

static mp_obj_t chip_settle(void) {
    // A thread that computes for seconds is not waited for.
    for (int look = 0; look < 20000 && another_runs(); look++) {
        MP_THREAD_GIL_EXIT();
        usleep(100);
        MP_THREAD_GIL_ENTER();
    }
    for (size_t place = 0; place < MAX_THREADS; place++) {
        if (tasks[place].id != 0 && tasks[place].ended) {
            idf_give(tasks[place].address);
            tasks[place].id = 0;
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(chip_settle_obj, chip_settle);

// ---------------------------------------------------------------------------------- the module

typedef struct {
    mp_obj_base_t base;
    size_t count;
    uint32_t addresses[];
} block_t;

static mp_obj_t block_give(mp_obj_t self_in) {
    block_t *self = MP_OBJ_TO_PTR(self_in);
    while (self->count) {
        idf_give(self->addresses[--self->count]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(block_give_obj, block_give);

static mp_obj_t block_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 64, false);
    block_t *self = mp_obj_malloc_var_with_finaliser(block_t, uint32_t, n_args, type);
    self->count = 0;
    for (size_t number = 0; number < n_args; number++) {
        uint32_t address = idf_take(mp_obj_get_int(args[number]));
        if (address == NOWHERE) {
            block_give(MP_OBJ_FROM_PTR(self));
            mp_raise_type(&mp_type_MemoryError);
        }
        self->addresses[self->count++] = address;
    }
    return MP_OBJ_FROM_PTR(self);
}

static const mp_rom_map_elem_t block_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_give), MP_ROM_PTR(&block_give_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&block_give_obj) },
};
static MP_DEFINE_CONST_DICT(block_locals, block_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    block_type, MP_QSTR_Block, MP_TYPE_FLAG_NONE,
    make_new, block_make_new,
    locals_dict, &block_locals
    );

static mp_obj_t chip_free(void) {
    return MP_OBJ_NEW_SMALL_INT(idf_free());
}
static MP_DEFINE_CONST_FUN_OBJ_0(chip_free_obj, chip_free);

static mp_obj_t chip_largest(void) {
    return MP_OBJ_NEW_SMALL_INT(gc_get_max_new_split());
}
static MP_DEFINE_CONST_FUN_OBJ_0(chip_largest_obj, chip_largest);

static mp_obj_t chip_info(mp_obj_t capabilities) {
    (void)capabilities;
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t number = 0; number < region_count; number++) {
        const region_t *region = &regions[number];
        mp_obj_t items[] = {
            MP_OBJ_NEW_SMALL_INT(region->total),
            MP_OBJ_NEW_SMALL_INT(region->size - region->used),
            MP_OBJ_NEW_SMALL_INT(largest_in(region)),
            MP_OBJ_NEW_SMALL_INT(region->size - region->most),
        };
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(items), items));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(chip_info_obj, chip_info);

static const mp_rom_map_elem_t chip_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__chip) },
    { MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&chip_open_obj) },
    { MP_ROM_QSTR(MP_QSTR_rest), MP_ROM_PTR(&chip_rest_obj) },
    { MP_ROM_QSTR(MP_QSTR_settle), MP_ROM_PTR(&chip_settle_obj) },
    { MP_ROM_QSTR(MP_QSTR_Block), MP_ROM_PTR(&block_type) },
    { MP_ROM_QSTR(MP_QSTR_free), MP_ROM_PTR(&chip_free_obj) },
    { MP_ROM_QSTR(MP_QSTR_largest), MP_ROM_PTR(&chip_largest_obj) },
    { MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&chip_info_obj) },
};
static MP_DEFINE_CONST_DICT(chip_globals, chip_globals_table);

const mp_obj_module_t chip_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&chip_globals,
};
MP_REGISTER_MODULE(MP_QSTR__chip, chip_module);
