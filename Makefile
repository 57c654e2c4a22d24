# Assay's one makefile. The two commands everybody needs: `make run` and `make check`.
# Objects of each flavour live in build/FLAVOUR/ (release, debug, asan, tsan, fuzz).

FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)
PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
VERSION := 0.1.0

# As many at a time as there are processors; JOBS=1 for fewer.
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# V=1 shows the commands.
ifeq ($(V),1)
Q :=
else
Q := @
endif
say = @printf '  %-5s %s\n' $(1) $(2)

PACKAGES := ncursesw sqlite3 jansson libsixel zlib yaml-0.1 inih libpcre2-8 nettle hogweed gmp
TEST_PACKAGES := cmocka vterm libpng

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wwrite-strings -Wformat=2 -Wundef -Wpointer-arith -Wold-style-definition
ifeq ($(DEV),1)
WARNINGS += -Werror
endif

OPT_release := -O2 -g
OPT_debug   := -O0 -g3
# A report needs functions and lines, not variables: a fifth less to compile.
OPT_asan    := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
               -fno-omit-frame-pointer
OPT_tsan    := -O1 -g1 -fsanitize=thread
# What is looked for is in the program: a test's own file is compiled in half the time.
TEST_OPT_asan := -O0
TEST_OPT_tsan := -O0
OPT_fuzz    := -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined

CPPFLAGS += -D_GNU_SOURCE -DASSAY_VERSION='"$(VERSION)"' -Iinclude -Icore \
            $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
# Nobody looks at errno after a root or a power: so roots are single instructions.
CFLAGS   += -std=c11 $(OPT_$(FLAVOUR)) $(WARNINGS) -fstack-protector-strong -fno-math-errno \
            -pthread -MMD -MP
LDFLAGS  += $(OPT_$(FLAVOUR)) -pthread -Wl,--as-needed -Wl,-z,relro
LIBS      = $(shell pkg-config --libs $(PACKAGES)) -lm -ldl
# The program takes its libraries in whole, glibc alone stays outside: the dynamic linker's work on
# ten of them is more than a tenth of a first frame. Where archives are missing, with SHARED=1, and
# in the flavours that look for faults, they stay shared.
ARCHIVES  = ncursesw tinfo sqlite3 jansson sixel z yaml inih pcre2-8 hogweed nettle gmp
PROG_LIBS = $(LIBS)
ifeq ($(FLAVOUR)$(SHARED),release)
ifeq ($(filter lib%,$(shell for a in $(ARCHIVES); do $(CC) -print-file-name=lib$$a.a; done)),)
PROG_LIBS = -Wl,-Bstatic,--start-group $(ARCHIVES:%=-l%) -Wl,--end-group,-Bdynamic -lm -ldl
endif
endif
TEST_LIBS = $(shell pkg-config --libs $(TEST_PACKAGES)) -lutil

CORE_SRC := $(wildcard core/*/*.c)
TUI_SRC  := $(wildcard tui/*.c)
CLI_SRC  := $(wildcard cli/*.c)
THEMES   := $(wildcard themes/*.theme)
UNIT_SRC := $(wildcard tests/unit/test_*.c tests/source/test_*.c tests/remote/test_*.c tests/screen/test_*.c \
              tests/approval/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)

CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o)
TUI_OBJ  := $(TUI_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  := $(CLI_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(BUILD)/cli/main.o
PROG_OBJ := $(filter-out $(MAIN_OBJ),$(TUI_OBJ) $(CLI_OBJ))
# The clock that tests can stop: ahead of the library's, so that the linker takes no other.
TEST_CLOCK := $(BUILD)/tests/support/now.o
SUPPORT_OBJ := $(filter-out $(TEST_CLOCK), \
                 $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c) tests/bench/pty.c))
# The program as tests start it: with that clock, and else what is installed.
TEST_PROG := $(BUILD)/tests/assay
TESTS    := $(UNIT_SRC:%.c=$(BUILD)/%)
FUZZERS  := $(FUZZ_SRC:%.c=$(BUILD)/%)

.PHONY: all run check debug asan tsan
all: $(BUILD)/assay

run: deps-build
	@$(MAKE) --no-print-directory all
	@$(BUILD)/assay $(ARGS)

check: deps-test
	@$(MAKE) --no-print-directory all tests
	@tests/run.sh $(BUILD)

debug asan tsan:
	@$(MAKE) --no-print-directory FLAVOUR=$@ all tests

# Compiles everything without linking, the fuzzers and benchmarks too, which else nobody would.
.PHONY: objects
objects: $(CORE_OBJ) $(TUI_OBJ) $(CLI_OBJ) $(FUZZ_SRC:%.c=$(BUILD)/%.o) $(BENCH_SRC:%.c=$(BUILD)/%.o)
$(BUILD)/tests/fuzz/%.o $(BUILD)/tests/bench/%.o: CPPFLAGS += -I. -Itests

.PHONY: tests deps-build deps-test deps-lint deps-live deps-xterm deps-screenshots
tests: $(TESTS) $(TEST_PROG)
deps-build deps-test deps-lint deps-live deps-xterm deps-screenshots:
	@tools/deps.sh $(@:deps-%=%)

$(BUILD)/assay: $(MAIN_OBJ) $(PROG_OBJ) $(BUILD)/libassay.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PROG_LIBS)

$(TEST_PROG): $(MAIN_OBJ) $(PROG_OBJ) $(TEST_CLOCK) $(BUILD)/libassay.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PROG_LIBS)

$(BUILD)/libassay.a: $(CORE_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The themes are compiled in: one string each.
$(BUILD)/themes.inc: $(THEMES) tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh $(THEMES) > $@
$(BUILD)/tui/theme.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/tui/theme.o: $(BUILD)/themes.inc

# One program per test file; it may see the private headers of what it tests. What it starts is
# built before it, though not part of it: a test program built alone can be run.
$(TESTS): CPPFLAGS += -I. -Itests -DTEST_DATA='"$(CURDIR)/tests"'
$(BUILD)/tests/%: tests/%.c $(TEST_CLOCK) $(BUILD)/libtest.a $(BUILD)/libassay.a | $(TEST_PROG)
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(TEST_OPT_$(FLAVOUR)) -o $@ $< $(TEST_CLOCK) $(BUILD)/libtest.a \
	    $(BUILD)/libassay.a $(TEST_LIBS) $(LIBS)
# The front ends and the tests' own helpers, of which each test takes what it needs.
$(BUILD)/libtest.a: $(SUPPORT_OBJ) $(PROG_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(SUPPORT_OBJ) $(TEST_CLOCK): CPPFLAGS += -I. -Itests

# A security key made of software, which ssh-keygen and ssh-agent load: in no flavour of ours.
FIDO := $(BUILD)/tests/fido_key.so
$(BUILD)/tests/approval/test_hardware_keys: CPPFLAGS += -DTEST_FIDO='"$(CURDIR)/$(FIDO)"'
$(BUILD)/tests/approval/test_hardware_keys: $(FIDO)
$(FIDO): tests/support/fido/key.c
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 -O1 -g $(WARNINGS) -fPIC -shared -o $@ $< \
	    $(shell pkg-config --cflags --libs nettle hogweed)

# Ends a program at one of its calls, from within: preloaded, and in no flavour of ours either.
KILL := $(BUILD)/tests/kill_at_call.so
$(BUILD)/tests/approval/test_killed: CPPFLAGS += -DTEST_KILL='"$(CURDIR)/$(KILL)"'
$(BUILD)/tests/approval/test_killed: $(KILL)
$(KILL): tests/support/kill/at_call.c
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 -O1 -g $(WARNINGS) -fPIC -shared -o $@ $<

# The library of NVIDIA's driver, played: found by the name it has in itself. One that is whole,
# one of an old driver, one of none.
NVML := $(BUILD)/tests/played_nvml
$(BUILD)/tests/unit/test_host: CPPFLAGS += -DTEST_NVML='"$(CURDIR)/$(NVML)"'
$(BUILD)/tests/unit/test_host: $(NVML).so $(NVML)_OLD_DRIVER.so $(NVML)_NO_DRIVER.so
$(NVML)%so: tests/support/nvml/nvml.c
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 -O1 -g $(WARNINGS) -fPIC -shared $(patsubst _%.,-D%,$(filter-out .,$*)) \
	    -Wl,-soname,libnvidia-ml.so.1 -o $@ $<

# ---- fuzzing: make fuzz SECONDS_EACH=15 ----

SECONDS_EACH ?= 15
.PHONY: fuzz fuzzers
fuzz: deps-lint
	@$(MAKE) --no-print-directory FLAVOUR=fuzz CC=clang fuzzers
	@tests/fuzz/run.sh build/fuzz $(SECONDS_EACH)
fuzzers: $(FUZZERS)
$(FUZZERS): CPPFLAGS += -I. -Itests
$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(BUILD)/libtest.a $(BUILD)/libassay.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< \
	    $(BUILD)/libtest.a $(BUILD)/libassay.a $(TEST_LIBS) $(LIBS)

# ---- benchmarks, live comparison, pictures ----

BENCH := $(patsubst %.c,$(BUILD)/%,$(filter-out %/pty.c,$(BENCH_SRC)))
.PHONY: bench bench-programs check-live screenshots
bench: deps-test deps-live
	@$(MAKE) --no-print-directory all bench-programs
	@python3 tests/bench/run.py $(BUILD) $(ROWS)
bench-programs: $(BENCH)
$(BENCH): CPPFLAGS += -I. -Itests

check-live: deps-live
	@$(MAKE) --no-print-directory all $(TEST_PROG)
	@tests/live/run.sh $(BUILD)/assay $(PARTS)

# The workbench in real xterms under Xvfb, compared pixel for pixel.
.PHONY: check-xterm
check-xterm: deps-xterm
	@$(MAKE) --no-print-directory $(TEST_PROG) $(BUILD)/tests/xterm/check
	@tests/xterm/run.sh $(TEST_PROG) $(BUILD)/tests/xterm/check
$(BUILD)/tests/xterm/check: CPPFLAGS += -I. -Itests

screenshots: deps-screenshots
	@$(MAKE) --no-print-directory all
	@tools/screenshots.sh $(BUILD)/assay screenshots

# Each defence of docs/approvals.md taken out of the code in turn: its test must then fail.
# ONLY=t24 for those with that in their names.
.PHONY: check-threats
check-threats: deps-test
	@$(MAKE) --no-print-directory all tests
	@CC='$(CC)' FLAGS='$(CPPFLAGS) $(CFLAGS) -I. -Itests -w -O0' LINK='$(LDFLAGS)' \
	    LIBS='$(TEST_LIBS) $(LIBS)' TEST_DATA=$(CURDIR)/tests tests/mutants/run.sh $(BUILD) $(ONLY)

# ---- care ----

.PHONY: lint fmt install uninstall clean
lint: deps-lint
	@$(MAKE) --no-print-directory DEV=1 FLAVOUR=release objects
	@tools/lint.sh

fmt:
	clang-format -i $(wildcard core/*/*.[ch] cli/*.[ch] tui/*.[ch] include/assay/*.h)

install: all
	install -Dm755 $(BUILD)/assay $(DESTDIR)$(PREFIX)/bin/assay
	install -Dm644 docs/assay.1 $(DESTDIR)$(PREFIX)/share/man/man1/assay.1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BUILD)/assay completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay
	$(BUILD)/assay completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_assay
	$(BUILD)/assay completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/assay.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/assay $(DESTDIR)$(PREFIX)/share/man/man1/assay.1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_assay \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/assay.fish

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
