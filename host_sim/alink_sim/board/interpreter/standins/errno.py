# `errno` of an ESP32: the numbers of newlib and lwIP instead of Linux.
from uerrno import *

ECONNABORTED = 113
EADDRINUSE = 112
ETIMEDOUT = 116
EHOSTUNREACH = 118
EINPROGRESS = 119
EALREADY = 120
ENOTCONN = 128
errorcode = {globals()[name]: name for name in dir() if name[0] == "E"}
