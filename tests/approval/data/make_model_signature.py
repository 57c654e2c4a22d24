"""Makes the directory model-signature beside this script: one small model, and signatures of it by
the real model_signing (pip install model-signing pyOpenSSL), each under a name that says what it is.

The keys are made anew and thrown away: what stays is what they signed, and KEY.pem to check it with.
"""
import datetime
import os
import pathlib
import shutil
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing
from model_signing._signing import sign_ec_key
from model_signing._signing import signing as payloads

here = pathlib.Path(__file__).resolve().parent / "model-signature"
GIT = [".git", ".gitattributes", ".github", ".gitignore"]


def make_key(name, curve, work):
    key = ec.generate_private_key(curve)
    (work / (name + ".key")).write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (here / (name + ".pem")).write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return work / (name + ".key")


def ignoring(how, ignore=()):
    how.set_ignored_paths(paths=[here / "model" / path for path in ["model.sig", *GIT, *ignore]],
                          ignore_git_paths=False)
    return how


def sign(name, key, how):
    """As `model_signing sign key` does, the signature away from the model."""
    config = signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(how)
    config.sign(here / "model", here / (name + ".sig"))


def sign_changed(name, key, change):
    """A statement that the tool would not write, signed by its signer."""
    payload = payloads.Payload(ignoring(hashing.Config()).hash(here / "model"))
    change(payload.statement.pb)
    sign_ec_key.Signer(key).sign(payload).write(here / (name + ".sig"))


def sign_by_certificate(name, key, work):
    """What signs may sign code, by a root of its own."""
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ci")])
    begin = datetime.datetime(2026, 1, 1)
    usage = dict.fromkeys(["content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                           "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
        .serial_number(1).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=7300))
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False)
        .sign(private, hashes.SHA256()))
    (work / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    config = signing.Config().use_certificate_signer(
        private_key=key, signing_certificate=work / "certificate.pem",
        certificate_chain=[work / "certificate.pem"])
    config.set_hashing_config(ignoring(hashing.Config())).sign(here / "model", here / (name + ".sig"))


def other_whole(statement):
    statement.subject[0].digest["sha256"] = "0" * 64


def two_subjects(statement):
    statement.subject.append(statement.subject[0])


def same_twice(statement):
    resources = statement.predicate["resources"]
    resources[2] = resources[1]


def other_kind(statement):
    statement.predicate_type = "https://slsa.dev/provenance/v1"


def main():
    shutil.rmtree(here, ignore_errors=True)
    (here / "model" / "data").mkdir(parents=True)
    (here / "model" / "MLmodel").write_text("flavors: {}\n")
    (here / "model" / "data" / "weights.bin").write_bytes(bytes(range(64)))
    (here / "model" / "README.md").write_text("# A model\n")
    files = ignoring(hashing.Config())
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        p256 = make_key("p256", ec.SECP256R1(), work)
        sign("p256", p256, files)
        sign("p384", make_key("p384", ec.SECP384R1(), work), files)
        sign("p521", make_key("p521", ec.SECP521R1(), work), files)
        sign("other", make_key("other", ec.SECP256R1(), work), files)
        sign("without-readme", p256, ignoring(hashing.Config(), ["README.md"]))
        sign("shards", p256, ignoring(hashing.Config().use_shard_serialization()))
        sign("blake2", p256, ignoring(hashing.Config().use_file_serialization(hashing_algorithm="blake2")))
        for change in (other_whole, two_subjects, same_twice, other_kind):
            sign_changed(change.__name__.replace("_", "-"), p256, change)
        sign_by_certificate("certificate", p256, work)
    finally:
        shutil.rmtree(work)
    os.remove(here / "other.pem")


main()
