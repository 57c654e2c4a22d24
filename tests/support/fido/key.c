/*
 * A security key made of software, for tests: a middleware library that ssh-keygen and
 * ssh-agent load where SSH_SK_PROVIDER names it. The interface is OpenSSH's (sk-api.h, version
 * 10; what is signed: PROTOCOL.u2f). Keys are Ed25519, the key handle is the secret itself. It
 * is touched whenever a touch is asked for; a key that wants a PIN is used with the right one
 * only; each signature counts on in the file that $TEST_FIDO_COUNTER names.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/eddsa.h>
#include <nettle/sha2.h>

#define API_VERSION      0x000a0000
#define ALGORITHM        1 /* Ed25519 */
#define FLAG_PRESENCE    0x01
#define FLAG_PIN         0x04
#define FAIL_GENERAL     (-1)
#define FAIL_UNSUPPORTED (-2)
#define FAIL_PIN         (-3)
#define PIN              "482917"

struct sk_option;
struct sk_enroll_response {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t *key_handle;
    size_t key_handle_len;
    uint8_t *signature;
    size_t signature_len;
    uint8_t *attestation_cert;
    size_t attestation_cert_len;
    uint8_t *authdata;
    size_t authdata_len;
};
struct sk_sign_response {
    uint8_t flags;
    uint32_t counter;
    uint8_t *sig_r;
    size_t sig_r_len;
    uint8_t *sig_s;
    size_t sig_s_len;
};

uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
              const char *application, uint8_t flags, const char *pin,
              struct sk_option **options, struct sk_enroll_response **out);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
            const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
            struct sk_option **options, struct sk_sign_response **out);
int sk_load_resident_keys(const char *pin, struct sk_option **options, void ***keys,
                          size_t *count);

uint32_t sk_api_version(void)
{
    return API_VERSION;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
              const char *application, uint8_t flags, const char *pin,
              struct sk_option **options, struct sk_enroll_response **out)
{
    struct sk_enroll_response *response = calloc(1, sizeof *response);
    (void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
    if (alg != ALGORITHM || !response) {
        free(response);
        return FAIL_UNSUPPORTED;
    }
    response->flags = flags;
    response->key_handle = malloc(ED25519_KEY_SIZE);
    response->public_key = malloc(ED25519_KEY_SIZE);
    response->signature = calloc(1, 1);
    if (!response->key_handle || !response->public_key || !response->signature ||
        getrandom(response->key_handle, ED25519_KEY_SIZE, 0) != ED25519_KEY_SIZE)
        abort();
    response->key_handle_len = response->public_key_len = ED25519_KEY_SIZE;
    response->signature_len = 1;
    ed25519_sha512_public_key(response->public_key, response->key_handle);
    *out = response;
    return 0;
}

static void hash(const void *bytes, size_t length, uint8_t out[SHA256_DIGEST_SIZE])
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, length, bytes);
    sha256_digest(&context, SHA256_DIGEST_SIZE, out);
}

static uint32_t next_count(void)
{
    const char *path = getenv("TEST_FIDO_COUNTER");
    unsigned count = 0;
    FILE *file = path ? fopen(path, "r+") : NULL;
    if (!file && path)
        file = fopen(path, "w+");
    if (!file || (fscanf(file, "%u", &count) != 1 && count != 0))
        abort();
    rewind(file);
    fprintf(file, "%u\n", ++count);
    fclose(file);
    return count;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
            const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
            struct sk_option **options, struct sk_sign_response **out)
{
    uint8_t message[2 * SHA256_DIGEST_SIZE + 5], public[ED25519_KEY_SIZE];
    (void)options;
    if (alg != ALGORITHM || key_handle_len != ED25519_KEY_SIZE)
        return FAIL_UNSUPPORTED;
    if ((flags & FLAG_PIN) && (!pin || strcmp(pin, PIN) != 0))
        return FAIL_PIN;
    struct sk_sign_response *response = calloc(1, sizeof *response);
    uint8_t *signature = malloc(ED25519_SIGNATURE_SIZE);
    if (!response || !signature)
        abort();
    response->flags = flags & (FLAG_PRESENCE | FLAG_PIN);
    response->counter = next_count();
    hash(application, strlen(application), message);
    message[SHA256_DIGEST_SIZE] = response->flags;
    for (int i = 0; i < 4; i++)
        message[SHA256_DIGEST_SIZE + 1 + i] = (uint8_t)(response->counter >> (24 - 8 * i));
    hash(data, data_len, message + SHA256_DIGEST_SIZE + 5);
    ed25519_sha512_public_key(public, key_handle);
    ed25519_sha512_sign(public, key_handle, sizeof message, message, signature);
    response->sig_r = signature;
    response->sig_r_len = ED25519_SIGNATURE_SIZE;
    *out = response;
    return 0;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options, void ***keys,
                          size_t *count)
{
    (void)pin, (void)options, (void)keys, (void)count;
    return FAIL_UNSUPPORTED;
}
