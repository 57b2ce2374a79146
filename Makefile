# SPDX-License-Identifier: GPL-2.0
#
# The kernel's build system reads Kbuild; this file is for people.

KDIR	?= /lib/modules/$(shell uname -r)/build
DROPIN	?= 0
KERNELS	?= 6.1 6.12 7.2 7.3
# Of make fuzz, stress and load: longer than make test has time for
KERNEL	?= 7.2
MINUTES	?= 10
PACKETS	?= 10000000
# Keeps what a run says for make verify-report
RECORD	:= tools/verify/record

export DROPIN

.PHONY: all modules tools selftests modules_install check demo test test-debug coverage kselftest
.PHONY: bench stress load fuzz fuzz-calls verify-report clean help

all: modules tools

modules modules_install:
	@test -e $(KDIR)/Makefile || { \
		echo "make $@: no kernel headers in $(KDIR)." >&2; \
		echo "Install linux-headers-$$(uname -r), or name others with KDIR=DIR." >&2; \
		exit 2; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(filter modules_install,$@),INSTALL_MOD_DIR=updates) $@

tools:
	$(MAKE) -C tools

selftests:
	$(MAKE) -C selftests

check:
	tools/check/check

demo:
	tools/demo/demo

test:
	KERNELS="$(KERNELS)" tools/vm/matrix

# Prints its seed; --replay SEED:NUMBER repeats a sequence
fuzz:
	$(RECORD) fuzz-$(KERNEL) tools/vm/run --kernel $(KERNEL) --timeout $$(($(MINUTES) * 60 + 600)) -- sh -ec '\
		modprobe tun; insmod drivers/net/tunx/tunx.ko; \
		selftests/diff/fuzz --seconds $$(($(MINUTES) * 60)) --seed \
			$$(od --address-radix=n --read-bytes=4 --format=u4 /dev/urandom)'

# Prints what new inputs are worth a line in selftests/kcov/corpus.txt, behind "corpus"
fuzz-calls:
	$(RECORD) fuzz-calls tools/vm/run --kernel uml --timeout $$(($(MINUTES) * 60 + 900)) -- sh -ec '\
		insmod drivers/net/tunx/tunx.ko; \
		TUNX_NODE=/dev/net/tunx TUNX_FLAVOUR=tunx selftests/kcov/calls --corpus \
			--seconds $$(($(MINUTES) * 60)) --seed \
			$$(od --address-radix=n --read-bytes=4 --format=u4 /dev/urandom)'

# On a kernel that looks for faults of every kind, and is slow; and on one that does
# nothing but count lines. The drop-in build is what vhost_net works with.
test-debug:
	$(RECORD) test-debug tools/vm/run --kernel debug --dropin --timeout 14400 -- \
		selftests/run --on dropin --slow 10

coverage:
	$(RECORD) coverage tools/vm/run --kernel gcov --dropin --timeout 7200 -- \
		tools/vm/coverage selftests/run --on dropin --slow 2

# The older kernels only if asked for
kselftest:
	$(if $(filter-out file,$(origin KERNELS)),KERNELS="$(KERNELS)") tools/vm/kselftest

bench:
	tools/vm/run --icount -- selftests/bench/compare.sh

stress:
	$(RECORD) stress-$(KERNEL) tools/vm/run --kernel $(KERNEL) --timeout $$(($(MINUTES) * 120 + 600)) -- \
		env TUNX_STRESS_SECONDS=$$(($(MINUTES) * 60)) \
		selftests/run --timeout $$(($(MINUTES) * 60 + 200)) stress/race

load:
	$(RECORD) load-$(KERNEL) tools/vm/run --kernel $(KERNEL) --timeout 14400 -- \
		env TUNX_LOAD_PACKETS=$(PACKETS) selftests/run --timeout 7000 stress/load

# Documentation/verification.rst, from what the runs above and make test said last
verify-report:
	tools/verify/report

clean:
	$(MAKE) -C tools clean
	$(MAKE) -C selftests clean
	@if test -e $(KDIR)/Makefile; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi

help:
	@echo 'make                  build the module and the tools'
	@echo 'make modules          build drivers/net/tunx/tunx.ko, or with DROPIN=1 tun.ko'
	@echo 'make tools            build tools/tunx/tunx'
	@echo 'make modules_install  install into /lib/modules/.../updates'
	@echo 'make demo             see it work in a virtual machine, beside stock tun'
	@echo 'make test             run all tests, on kernels $(KERNELS)'
	@echo 'make fuzz             random operations on stock and tunx compared, for MINUTES=$(MINUTES) on KERNEL=$(KERNEL)'
	@echo 'make fuzz-calls       hostile calls led by coverage, with KASAN, for MINUTES=$(MINUTES)'
	@echo 'make test-debug       run them with KASAN, lockdep, kmemleak and fault injection'
	@echo 'make coverage         run them on a kernel that counts lines, and tell which never ran'
	@echo 'make kselftest        run the kernel'\''s own tests of tun on stock and on tunx'
	@echo 'make bench            instructions per operation, beside stock tun'
	@echo 'make stress           everything at once, for MINUTES=$(MINUTES) on KERNEL=$(KERNEL)'
	@echo 'make load             PACKETS=$(PACKETS) each way on KERNEL=$(KERNEL), each accounted for'
	@echo 'make verify-report    write down what all these said last'
	@echo 'make check            static checks of the sources'
	@echo 'make clean            remove what was built'
	@echo
	@echo 'KDIR=DIR      kernel headers or tree to build against ($(KDIR))'
	@echo 'DROPIN=1      build tun.ko, a replacement of the stock driver'
	@echo 'KERNELS="6.1" kernels to test on'
