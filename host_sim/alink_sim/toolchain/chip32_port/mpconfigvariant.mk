SRC_C += chip_heap.c
