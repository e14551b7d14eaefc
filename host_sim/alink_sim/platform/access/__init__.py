"""The way in: ports and TLS, credentials, registrations, logins, limits.

`admission` judges every registration and login, over MQTT and HTTPS alike. Imports `core`,
`faults` and `state`.
"""
