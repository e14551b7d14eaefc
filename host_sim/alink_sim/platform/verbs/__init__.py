"""Commands of `alink-sim platform` and `alink-sim admin`: options in, calls of functions out."""
