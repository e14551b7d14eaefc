"""The cloud API: the vendor's RPC API for business servers, action by action.

Imports every room below the facade.
"""
