# Nothing of it is needed where the clock is right.
