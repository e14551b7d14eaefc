# What umqtt.simple 1.3.4 calls for ssl=True, verified.
import ssl


def wrap_socket(sock, server_hostname, cadata):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=cadata)
    return context.wrap_socket(sock, server_hostname=server_hostname)
