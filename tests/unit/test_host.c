/*
 * The machine looked at: this one against what else tells of it, and played ones with the files
 * of other kernels and drivers, odd ones among them.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    assert_non_null(dlopen(TEST_NVML, RTLD_NOW | RTLD_LOCAL));
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
    setenv("TEST_NVML_FAILS", "1", 1);
    assay_host_look(&host, root);
    unsetenv("TEST_NVML_FAILS");
    assert_int_equal(host.gpu_error.status, ASSAY_IO);
    assert_non_null(strstr(host.gpu_error.what, "NVML error 9"));
    assert_int_equal(host.gpu_count, 0);
    assay_host_free(&host);
    free(root);
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
        cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests_name("host", tests, program_begin, program_end);
}
