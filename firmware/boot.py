# Runs before main.py. Nothing is needed here: alink touches no hardware until it is asked to.
