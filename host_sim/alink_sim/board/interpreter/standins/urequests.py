# The old name of `requests`, which the interpreter has.
from requests import *
