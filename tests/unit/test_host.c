/*
 * The machine looked at: this one against what else tells of it, and played ones with the files
 * of other kernels and drivers, odd ones among them.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/host.h>
#include <assay/memory.h>

#include "support/good.h"
#include "support/places.h"
#include "support/program.h"

static void put(const char *root, const char *name, const char *text)
{
    char *path = assay_path_join(root, name), *folder = assay_path_directory(path);

    GOOD(assay_make_directories(folder, good));
    place_write(path, text, strlen(text));
    free(folder);
    free(path);
}

/* As another way to the kernel has it; machines that are played may be given more meanwhile. */
static void memory_is(uint64_t bytes)
{
    uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    assert_in_range(bytes, all / 10 * 9, all / 10 * 11);
}

static void test_this_machine(void **state)
{
    struct assay_host host;
    char name[256];

    (void)state;
    assay_host_look(&host, "");
    assert_int_equal(gethostname(name, sizeof name), 0);
    assert_string_equal(host.name, name);
    memory_is(host.memory);
    assert_true(host.memory_available <= host.memory);
    assert_in_range(host.cpus, 1, sysconf(_SC_NPROCESSORS_CONF));
    assert_true(host.loads[0] >= 0 && host.loads[2] >= 0);
    assay_host_free(&host);
}

static void test_a_card_of_amd(void **state)
{
    struct assay_host host;
    char *root = place_new("root");

    (void)state;
    put(root, "proc/meminfo",
        "MemTotal:       16000 kB\nMemAvailable:    4000 kB\n"
        "SwapTotal:        1000 kB\nSwapFree:         900 kB\n");
    put(root, "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Played CPU @ 3 GHz\n\n"
        "processor\t: 1\nmodel name\t: another\n");
    put(root, "proc/loadavg", "0.50 1.25 2.00 1/200 4242\n");
    put(root, "sys/class/drm/card0/device/vendor", "0x8086\n"); /* tells nothing of memory */
    put(root, "sys/class/drm/card1/device/mem_info_vram_total", "17163091968\n");
    put(root, "sys/class/drm/card1/device/mem_info_vram_used", "1000000\n");
    put(root, "sys/class/drm/card1/device/gpu_busy_percent", "42\n");
    put(root, "sys/class/drm/card1-DP-1/device/mem_info_vram_total", "1\n"); /* a connector */
    assay_host_look(&host, root);
    assert_string_equal(host.cpu, "Played CPU @ 3 GHz");
    assert_int_equal(host.memory, 16000 * 1024);
    assert_int_equal(host.memory_available, 4000 * 1024);
    assert_int_equal(host.swap, 1000 * 1024);
    assert_int_equal(host.swap_free, 900 * 1024);
    assert_true(host.loads[0] == 0.5 && host.loads[1] == 1.25 && host.loads[2] == 2);
    assert_int_equal(host.gpu_count, 1);
    assert_string_equal(host.gpus[0].name, "AMD GPU");
    assert_int_equal(host.gpus[0].memory, UINT64_C(17163091968));
    assert_int_equal(host.gpus[0].memory_used, 1000000);
    assert_int_equal(host.gpus[0].busy, 42);
    assert_true(host.gpus[0].celsius == ASSAY_HOST_UNKNOWN);
    assay_host_free(&host);
    free(root);
}

/* Nothing there, or nothing that means anything: not known, and no more. */
static void test_odd_files(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        ":",
                                        "MemTotal",
                                        "MemTotal:",
                                        "MemTotal: -1 kB\n",
                                        "MemTotal: x\n",
                                        "MemTotal: 99999999999999999999 kB\n",
                                        "MemTotal: 9223372036854775807 kB\n",
                                        "xMemTotal: 5 kB\n"};
    struct assay_host host;
    char *root = place_new("root");

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++) {
        if (i > 0) {
            put(root, "proc/meminfo", texts[i]);
            put(root, "proc/cpuinfo", texts[i]);
            put(root, "proc/loadavg", texts[i]);
            put(root, "sys/class/drm/card0/device/mem_info_vram_total", texts[i]);
        }
        assay_host_look(&host, root);
        assert_true(host.memory == ASSAY_HOST_UNKNOWN);
        assert_true(host.swap == ASSAY_HOST_UNKNOWN);
        assert_true(host.loads[0] < 0 && host.loads[1] < 0 && host.loads[2] < 0);
        assert_string_equal(host.cpu, "");
        assert_int_equal(host.gpu_count, 0);
        assay_host_free(&host);
    }
    free(root);
}

static void test_cards_of_nvidia(void **state)
{
    struct assay_host host;
    char *root = place_new("root");

    (void)state;
    put(root, "proc/driver/nvidia/version", "played\n");
    /* By the name it has in itself, the library that is loaded already is the one opened. */
    assert_non_null(dlopen(TEST_NVML ".so", RTLD_NOW | RTLD_LOCAL));
    assay_host_look(&host, root);
    assert_int_equal(host.gpu_error.status, ASSAY_OK);
    assert_int_equal(host.gpu_count, 2);
    assert_string_equal(host.gpus[0].name, "Played GPU");
    assert_int_equal(host.gpus[0].memory, UINT64_C(80000000000));
    assert_int_equal(host.gpus[0].memory_used, UINT64_C(50000000000));
    assert_int_equal(host.gpus[0].busy, 97);
    assert_int_equal(host.gpus[0].celsius, 61);
    assert_int_equal(host.gpus[0].milliwatts, 412500);
    assert_int_equal(host.gpus[1].celsius, 30);
    assert_true(host.gpus[1].memory == ASSAY_HOST_UNKNOWN);
    assert_true(host.gpus[1].busy == ASSAY_HOST_UNKNOWN);
    assert_true(host.gpus[1].milliwatts == ASSAY_HOST_UNKNOWN);
    assay_host_free(&host);
    free(root);
}

/* What the program says of the driver that is played in LIBRARY as WHAT. */
static json_t *look_at(const char *library, const char *what, int status, const char *error)
{
    struct assay_buf options = {0};
    const char *before = getenv("ASAN_OPTIONS");

    /* What is loaded first is in order: it takes nothing of the sanitizer's place. */
    assay_buf_format(&options, "%s:verify_asan_link_order=0", before ? before : "");
    setenv("ASAN_OPTIONS", assay_buf_text(&options), 1);
    setenv("LD_PRELOAD", library, 1);
    setenv("TEST_NVML", what, 1);
    program_run(NULL, "host", "--format", "json", NULL);
    unsetenv("TEST_NVML");
    unsetenv("LD_PRELOAD");
    if (before) {
        options.data[options.length - strlen(":verify_asan_link_order=0")] = '\0';
        setenv("ASAN_OPTIONS", assay_buf_text(&options), 1);
    } else {
        unsetenv("ASAN_OPTIONS");
    }
    assay_buf_free(&options);
    program_expect(status);
    if (*error)
        program_complains(error);
    else
        assert_string_equal(program_last.err, "");
    return program_json();
}

static void expect_gpu(json_t *json, size_t index, const char *name, json_int_t memory,
                       json_int_t used, json_int_t busy, json_int_t celsius)
{
    static const char *const keys[] = {"memory", "memory_used", "busy_percent", "celsius"};
    const json_int_t values[] = {memory, used, busy, celsius};
    json_t *gpu = json_array_get(json_object_get(json, "gpus"), index);
    const char *said = json_string_value(json_object_get(gpu, "name"));

    assert_string_equal(said ? said : "", name);
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++) {
        json_t *value = json_object_get(gpu, keys[i]);
        if (values[i] < 0)
            assert_true(json_is_null(value));
        else
            assert_int_equal(json_integer_value(value), values[i]);
    }
}

static void test_answers_of_nvidia(void **state)
{
    static const struct {
        const char *what;
        size_t gpus;
        const char *error;
    } cases[] = {
        {"", 2, ""},
        {"not-loaded", 0, "NVIDIA's driver does not answer: it does not say why (NVML error 9)"},
        {"mismatch", 0,
         "NVIDIA's driver does not answer: Driver/library version mismatch (NVML error 18)"},
        {"no-count", 0, "NVIDIA's driver does not answer: it does not say why (NVML error 999)"},
        {"many", 256, "NVIDIA's driver tells of 4000000000 GPUs: at most 256 are shown"},
        {"gone", 2, "GPU 1 does not answer: Not \xef\xbf\xbd[31mFound (NVML error 6)"},
        {"lost", 2, "GPU 1 does not answer: GPU is lost (NVML error 15)"},
        {"odd", 2, ""},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        const char *what = cases[i].what;
        json_t *json = look_at(TEST_NVML ".so", what, *cases[i].error ? 3 : 0, cases[i].error);
        bool lost = strcmp(what, "lost") == 0, gone = strcmp(what, "gone") == 0;
        assert_int_equal(json_array_size(json_object_get(json, "gpus")), cases[i].gpus);
        if (strcmp(what, "odd") == 0) {
            char name[96] = "";
            memset(name, 'x', sizeof name - 1);
            expect_gpu(json, 0, name, 80000000000, -1, -1, 61);
        } else if (cases[i].gpus > 0) {
            expect_gpu(json, 0, "Played GPU", 80000000000, 50000000000, 97, 61);
            expect_gpu(json, 1, gone ? "" : "Silent \x1b[31mGPU", -1, -1, -1,
                       lost || gone ? -1 : 30);
        }
        json_decref(json);
    }
}

/* A driver that lacks a function tells the rest; one that lacks those it takes, nothing. */
static void test_older_drivers_of_nvidia(void **state)
{
    (void)state;
    json_t *json = look_at(TEST_NVML "_OLD_DRIVER.so", "", 0, "");
    assert_int_equal(json_array_size(json_object_get(json, "gpus")), 2);
    expect_gpu(json, 0, "Played GPU", 80000000000, 50000000000, -1, 61);
    json_decref(json);
    json = look_at(TEST_NVML "_OLD_DRIVER.so", "lost", 3,
                   "GPU 1 does not answer: it does not say why");
    expect_gpu(json, 1, "Silent \x1b[31mGPU", -1, -1, -1, -1);
    json_decref(json);
    json = look_at(TEST_NVML "_NO_DRIVER.so", "", 3,
                   "NVIDIA's GPUs cannot be asked: the NVML (libnvidia-ml.so.1) that is "
                   "installed has no nvmlShutdown");
    assert_int_equal(json_array_size(json_object_get(json, "gpus")), 0);
    json_decref(json);
}

static void test_command(void **state)
{
    static const char *const formats[] = {"table", "csv", "md"};
    json_t *json;

    (void)state;
    program_run(NULL, "host", "--format", "json", NULL);
    program_expect(0);
    json = program_json();
    memory_is((uint64_t)json_integer_value(json_object_get(json, "memory")));
    assert_int_equal(json_array_size(json_object_get(json, "loads")), 3);
    assert_true(json_is_array(json_object_get(json, "gpus")));
    json_decref(json);
    for (size_t i = 0; i < ASSAY_COUNT(formats); i++) {
        program_run(NULL, "host", "--format", formats[i], NULL);
        program_expect(0);
        program_says("cpu");
        program_says("swap");
        if (i == 0)
            program_says("\ngpu "); /* one, or that there is none */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_machine), cmocka_unit_test(test_a_card_of_amd),
        cmocka_unit_test(test_odd_files),    cmocka_unit_test(test_cards_of_nvidia),
        cmocka_unit_test(test_answers_of_nvidia),
        cmocka_unit_test(test_older_drivers_of_nvidia),
        cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests_name("host", tests, program_begin, program_end);
}
