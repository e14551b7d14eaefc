"""The cloud API: what Alibaba's own clients call, version 2018-01-20.

docs/reference/protocol.md.
"""
