def flash_read(offset, buffer):
    for at in range(len(buffer)):
        buffer[at] = 0xFF
