"""The private CA: what its certificate is good for, and which clients can talk to it."""

from __future__ import annotations

import socket
import ssl
import stat
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from alink_sim.platform import Listen, Platform
from alink_sim.platform.state.ca import Authority, AuthorityError
from tests.waiting import PATIENCE

HOSTS = [
    "a1B2c3D4e5F.iot-as-mqtt.cn-shanghai.aliyuncs.com",
    "a1B2c3D4e5F.iot-as-mqtt.ap-southeast-1.aliyuncs.com",
    "a1B2c3D4e5F.iot-as-mqtt.eu-central-1.aliyuncs.com",
    "iot-06z00abcd1234.mqtt.iothub.aliyuncs.com",
    "iot-06z00abcd1234.http.iothub.aliyuncs.com",
    "iot-auth.cn-shanghai.aliyuncs.com",
    "iot-auth.us-west-1.aliyuncs.com",
    "iot-as-http.cn-beijing.aliyuncs.com",
    "iot.cn-shenzhen.aliyuncs.com",
    "iot-auth-global.aliyuncs.com",
    "localhost",
    "127.0.0.1",
]


def handshake(platform: Platform, context: ssl.SSLContext, host: str | None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", platform.mqtt_tls_port), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLError:
        plain.close()
        raise


@pytest.mark.client_row(1, "host names of each region and instance")
@pytest.mark.parametrize("host", HOSTS)
def test_the_certificate_is_good_for(platform: Platform, host):
    context = ssl.create_default_context(cafile=platform.ca_pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # The default from Python 3.13 on.
    handshake(platform, context, host).close()


@pytest.mark.client_row(1, "host names are checked")
@pytest.mark.parametrize(
    "host",
    ["mqtt.iothub.aliyuncs.com", "a.b.iot-as-mqtt.cn-shanghai.aliyuncs.com", "example.com"],
)
def test_the_certificate_is_not_good_for(platform: Platform, host):
    context = ssl.create_default_context(cafile=platform.ca_pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(platform, context, host)


def test_each_san_is_in_the_certificate(make_platform):
    platform = make_platform(listen=Listen(san=("platform.lab", "192.0.2.7", "2001:db8::7")))
    context = ssl.create_default_context(cafile=platform.ca_pem)
    for host in ("platform.lab", "192.0.2.7", "2001:db8::7", "localhost"):
        handshake(platform, context, host).close()


# The vendor's C SDKs offer only these.
C_SDK = ["AES256-SHA256", "AES256-SHA", "AES128-SHA256", "AES128-SHA"]


@pytest.mark.client_row(1, "no server name")
@pytest.mark.client_row(1, "RSA key exchange")
@pytest.mark.parametrize("cipher", C_SDK)
def test_tls_1_2_with_rsa_key_exchange_works(platform: Platform, cipher):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(platform.ca_pem)
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with handshake(platform, context, None) as connection:
        cipher_used = connection.cipher()
        assert cipher_used
        assert cipher_used[0] == cipher


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_are_offered(platform: Platform, version):
    context = ssl.create_default_context(cafile=platform.ca_pem)
    context.minimum_version = context.maximum_version = version
    with handshake(platform, context, "localhost") as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.client_row(1, "RSA and SHA-256 all the way")
def test_root_is_rsa_2048_with_sha_256(ca):
    root = x509.load_der_x509_certificate(Authority(ca).der.read_bytes())
    key = root.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert root.signature_hash_algorithm
    assert root.signature_hash_algorithm.name == "sha256"


@pytest.mark.client_row(1, "the leaf too")
def test_the_certificate_is_rsa_signed_with_sha_256(platform: Platform):
    context = ssl.create_default_context(cafile=platform.ca_pem)
    with handshake(platform, context, "localhost") as connection:
        der = connection.getpeercert(binary_form=True)
    assert der
    leaf = x509.load_der_x509_certificate(der)
    assert isinstance(leaf.public_key(), rsa.RSAPublicKey)
    assert leaf.signature_hash_algorithm
    assert leaf.signature_hash_algorithm.name == "sha256"


def test_ecdsa_by_option(tmp_path):
    with Platform(ca=tmp_path, ecdsa=True) as platform:
        context = ssl.create_default_context(cafile=platform.ca_pem)
        with handshake(platform, context, "localhost") as connection:
            der = connection.getpeercert(binary_form=True)
        assert der
        key = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
    with pytest.raises(AuthorityError, match="is ECDSA"):
        Authority(tmp_path)


def test_root_persists_and_its_key_is_private(tmp_path):
    first = Authority(tmp_path).der.read_bytes()
    Authority(tmp_path).server_context()
    assert Authority(tmp_path).der.read_bytes() == first
    private = [path for path in tmp_path.iterdir() if b"PRIVATE" in path.read_bytes()]
    assert len(private) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


_MAKER = """
import sys, pathlib
from alink_sim.platform.state.ca import Authority
authority = Authority(pathlib.Path(sys.argv[1]))
authority.server_context()
print(authority.der.read_bytes().hex())
"""


def test_platforms_starting_together_share_one_root(tmp_path):
    makers = [
        subprocess.Popen([sys.executable, "-c", _MAKER, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    assert len({maker.communicate()[0] for maker in makers}) == 1
    assert {maker.returncode for maker in makers} == {0}


@pytest.mark.parametrize(
    ("spoken", "says"),
    [
        (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", "it does not speak TLS here"),
        (b"GET / HTTP/1.1\r\n\r\n", "it speaks HTTP here"),
    ],
)
def test_plain_client_on_tls_port_is_logged(platform: Platform, spoken, says):
    with socket.create_connection(("127.0.0.1", platform.mqtt_tls_port), PATIENCE) as plain:
        plain.sendall(spoken)
        assert says in platform.expect("connection_failed").reason


def test_distrusting_device_is_logged(platform: Platform):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(platform, ssl.create_default_context(), "localhost")
    assert "does not trust this platform's root" in platform.expect("connection_failed").reason
