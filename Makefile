# make demo: the deadlock, its report and the cure. make test: everything that is tested. make help: the rest.
.DEFAULT_GOAL := help
SWIFT ?= swift
CONFIGURATION ?= debug
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
# mount(8) and umount(8) look for their helpers there and nowhere else.
HELPERDIR ?= /sbin
BUILD = $(SWIFT) build -c $(CONFIGURATION) -j $(JOBS)
# Linked in, the runtime's calls are cheaper, and the binary runs where Swift is not.
RELEASE_BUILD = $(SWIFT) build -c release -j $(JOBS) --static-swift-stdlib --product zramfs
BINARY = .build/$(CONFIGURATION)/zramfs
RELEASE = .build/release/zramfs

.PHONY: help
help:
	@echo 'make demo     install what is missing, build, mount, deadlock, report, cure'
	@echo 'make test     unit tests, then tests on real mounts (as root: all of them)'
	@echo 'make build    the binary, $(BINARY); CONFIGURATION=release for a fast one'
	@echo 'make deps     Debian packages that are missing; bench-deps: also those of the peers'
	@echo 'make ltp      LTP=folder: the zram tests of Linux Test Project; selftests KERNEL=folder: the kernel'\''s'
	@echo 'make sysfs-selftest SCRIPT=file: the selftest of the series for test_sysfs'
	@echo 'make live     plain shell loops against a mount, beside what a booted kernel did with the same'
	@echo 'make recipes  the two recipes of the thread, under each policy'
	@echo 'make sanitize unit tests under the thread and the address sanitizer'
	@echo 'make fuzz     mutated images, for SECONDS=60'
	@echo 'make pairs, generated, mutations, spin: judges of the explorer; CONTRIBUTING.md'
	@echo 'make bench    ratios to a C file system and to the kernel, side by side; BENCH=knobs|disk|corpora|ext4|growth|recovery|explorer'
	@echo 'make install  PREFIX=$(PREFIX), with the helpers of mount(8) and umount(8)'
	@echo 'make deb      a Debian package, in .build/deb'
	@echo 'make lint     format and style, strictly; format: put it right'

.PHONY: deps
deps:
	@Tests/deps libfuse3-dev fuse3 liblz4-dev liblzo2-dev libzstd-dev zlib1g-dev pkg-config fio e2fsprogs util-linux gcc \
	    zram-tools systemd-zram-generator stress-ng htop bsdutils procps mandoc zsh fish xfsprogs btrfs-progs

.PHONY: bench-deps
bench-deps: deps
	@Tests/deps qemu-system-common qemu-utils nbdkit libnbd-bin spin

.PHONY: build
build:
	$(BUILD) --product zramfs

.PHONY: demo
demo: deps
	$(RELEASE_BUILD)
	Fixtures/demo.sh $(RELEASE)

.PHONY: test
test: deps
	$(BUILD) --build-tests
	$(SWIFT) test -c $(CONFIGURATION) --skip-build
	ZRAMFS=$(CURDIR)/$(BINARY) Tests/MountTests/run

# A leak sanitizer does not see references that Swift keeps in side tables; LeakTests look for what is kept alive.
# CUTS, FLIPS: how many crashes and wrong bits of an image are tried.
CUTS ?= 10
FLIPS ?= 40
SANITIZED = ZRAMFS_SANITIZED=1 ZRAMFS_CUTS=$(CUTS) ZRAMFS_FLIPS=$(FLIPS) $(SWIFT) test -j $(JOBS) -Xswiftc -use-ld=lld
.PHONY: sanitize
sanitize: deps
	$(SANITIZED) --sanitize=thread --scratch-path .build-thread
	ASAN_OPTIONS=detect_leaks=0 $(SANITIZED) --sanitize=address --scratch-path .build-address

# SECONDS: how long; what was found is in .build-fuzz, and what is worth keeping in Fixtures/fuzz.
SECONDS ?= 60
FUZZ = ZRAMFS_FUZZ=1 $(SWIFT) build -c release -j $(JOBS) --product image-fuzz --scratch-path .build-fuzz \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
.PHONY: fuzz
fuzz: deps
	$(FUZZ)
	mkdir -p .build-fuzz/corpus .build-fuzz/found
	SWIFT_BACKTRACE=enable=no .build-fuzz/release/image-fuzz -max_total_time=$(SECONDS) -max_len=256 -artifact_prefix=.build-fuzz/found/ \
	    -print_final_stats=1 .build-fuzz/corpus Fixtures/fuzz

# A variable without which there is nothing to do: says how it is called; make ends with status 2 then.
wanted = [ -n '$($1)' ] || { echo 'usage: $2' >&2; exit 2; }

# LTP: the folder of Linux Test Project, built in place; the head of Fixtures/ltp.sh says how.
.PHONY: ltp
ltp:
	@$(call wanted,LTP,make ltp LTP=FOLDER (Linux Test Project, built in place))
	$(RELEASE_BUILD)
	ZRAMFS=$(CURDIR)/$(RELEASE) Fixtures/ltp.sh $(LTP) --abi 6.18

# KERNEL: a kernel's source folder, e.g. Debian's linux-source unpacked.
.PHONY: selftests
selftests:
	@$(call wanted,KERNEL,make selftests KERNEL=FOLDER (the source of a kernel))
	$(RELEASE_BUILD)
	ZRAMFS=$(CURDIR)/$(RELEASE) Fixtures/selftests.sh $(KERNEL) --abi 6.18

# SCRIPT: sysfs.sh of v8 of the series; TESTS: some of 0001 to 0032.
.PHONY: sysfs-selftest
sysfs-selftest:
	@$(call wanted,SCRIPT,make sysfs-selftest SCRIPT=sysfs.sh [TESTS="0001 0002"])
	$(RELEASE_BUILD)
	ZRAMFS=$(CURDIR)/$(RELEASE) Fixtures/sysfs-selftest.sh $(SCRIPT) $(TESTS)

# ROUNDS: of each cell.
ROUNDS ?= 40
.PHONY: live
live:
	$(RELEASE_BUILD)
	ZRAMFS=$(CURDIR)/$(RELEASE) Tests/Live/run -n $(ROUNDS)

.PHONY: recipes
recipes:
	$(RELEASE_BUILD)
	ZRAMFS=$(CURDIR)/$(RELEASE) Fixtures/recipes/run

# The judges of the explorer. UPDATE=1 writes what was found to the table; COUNT: so many generated scenarios; ONLY: mutations
# with this in their name; EVERY: every so-manyth pair.
JUDGE = .build/release/judge
COUNT ?= 1000
EVERY ?= 1
UPDATED = $(if $(UPDATE),--update)
.PHONY: judge
judge:
	$(SWIFT) build -c release -j $(JOBS) --product judge

.PHONY: pairs
pairs: judge
	$(JUDGE) pairs Fixtures/pairs/table --every $(EVERY) $(UPDATED)

.PHONY: generated
generated: judge
	$(JUDGE) generated --count $(COUNT)

.PHONY: spin
spin: judge
	@Tests/deps spin gcc
	Tests/Judges/spin $(JUDGE)

# What no cell of the matrix sees, the unit tests may.
MUTATED = ZRAMFS_MUTATIONS=1 $(SWIFT)
MUTATED_OPTIONS = -c release -Xswiftc -enable-testing --scratch-path .build-mutations
MUTATED_TESTS = $(MUTATED) test $(MUTATED_OPTIONS) --skip-build --filter KernelCoreTests --filter KernfsTests \
    --filter KernelModuleTests --filter CPUHotplugTests --filter MachineTests --filter ExplorerTests
.PHONY: mutations
mutations:
	$(MUTATED) build $(MUTATED_OPTIONS) -j $(JOBS) --build-tests
	.build-mutations/release/judge mutations Fixtures/mutations/table --only "$(ONLY)" $(UPDATED) \
	    --tests '$(MUTATED_TESTS) 2>&1'

.PHONY: bench
bench: deps
	$(RELEASE_BUILD)
	Tests/Bench/run $(CURDIR)/$(RELEASE) $(BENCH)

.PHONY: format
format:
	$(SWIFT) format -i -r Sources Tests Package.swift

.PHONY: lint
lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	Tests/lint

.PHONY: install
install:
	$(RELEASE_BUILD)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/zramfs
	for folder in scenarios races; do \
	    install -d $(DESTDIR)$(PREFIX)/share/zramfs && cp -R Fixtures/$$folder $(DESTDIR)$(PREFIX)/share/zramfs/; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/zramfs/src
	for folder in KernelCore CPUHotplug DriverModel KernelModule Kernfs Specimens Zram; do \
	    cp -R Sources/$$folder $(DESTDIR)$(PREFIX)/share/zramfs/src/; \
	done
	install -d $(DESTDIR)$(HELPERDIR)
	ln -srf $(DESTDIR)$(PREFIX)/bin/zramfs $(DESTDIR)$(HELPERDIR)/mount.fuse.zramfs
	ln -srf $(DESTDIR)$(PREFIX)/bin/zramfs $(DESTDIR)$(HELPERDIR)/umount.fuse.zramfs
	Packaging/install-extras $(DESTDIR)$(PREFIX)/bin/zramfs $(DESTDIR)$(PREFIX)/share

# The package is in .build/deb.
.PHONY: deb
deb:
	@Tests/deps dpkg-dev chrpath
	rm -rf .build/deb
	$(MAKE) install DESTDIR=$(CURDIR)/.build/deb/tree PREFIX=/usr HELPERDIR=/usr/sbin
	Packaging/deb .build/deb/tree .build/deb

.PHONY: uninstall
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/share/zramfs
	Packaging/install-extras --remove $(DESTDIR)$(PREFIX)/share
	rm -f $(DESTDIR)$(PREFIX)/bin/zramfs $(DESTDIR)$(HELPERDIR)/mount.fuse.zramfs \
	    $(DESTDIR)$(HELPERDIR)/umount.fuse.zramfs

.PHONY: clean
clean:
	rm -rf .build
