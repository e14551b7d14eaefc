# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that keeps esptool's connection to one board open. It is GPL, see LICENSE here.

The production line starts it and speaks to it over its standard input and output, as it does with
any program. Neither side imports the other.
"""
