# SPDX-License-Identifier: Apache-2.0
from agent.handheld.debian import mmdebstrap_argv, parse_libraries
from agent.handheld.packages import (
    DEFAULT_MIRROR,
    Resolved,
    apt_failure,
    mirror_of,
    misfit,
    parse_resolve,
    proxies,
    sources,
)

SIMULATED = """\
Reading package lists...
The following NEW packages will be installed:
  libc6 perfetto
Inst libc6 (2.41-12+deb13u4 Debian:13.7/stable [amd64])
Inst zlib1g (1:1.3.dfsg+really1.3.1-1+b1 Debian:13.7/stable, Debian:unstable [amd64])
Inst perfetto (56.0-1 Debian:unstable [amd64])
Conf libc6 (2.41-12+deb13u4 Debian:13.7/stable [amd64])
"""


def test_the_resolve_is_read_from_what_apt_would_install() -> None:
    assert parse_resolve(SIMULATED) == (
        Resolved("libc6", "2.41-12+deb13u4", "Debian:13.7/stable"),
        Resolved("perfetto", "56.0-1", "Debian:unstable"),
        Resolved("zlib1g", "1:1.3.dfsg+really1.3.1-1+b1", "Debian:13.7/stable, Debian:unstable"),
    )


def test_perfetto_alone_may_come_from_sid() -> None:
    assert misfit(parse_resolve(SIMULATED)) is None


def test_a_library_taken_from_sid_is_reported_with_the_perfetto_that_asked_for_it() -> None:
    problem = misfit(parse_resolve(SIMULATED.replace("2.41-12+deb13u4 Debian:13.7/stable", "2.44-1 Debian:unstable")))
    assert problem is not None
    assert "perfetto 56.0-1 no longer fits trixie" in problem
    assert "libc6 2.44-1" in problem


def test_trixie_still_counts_when_it_has_become_oldstable() -> None:
    assert misfit((Resolved("libc6", "2.41", "Debian:13.9/oldstable"),)) is None


def test_an_unmet_c_library_is_told_in_plain_words() -> None:
    said = apt_failure(" perfetto : Depends: libc6 (>= 2.43) but 2.41-12+deb13u4 is to be installed")
    assert said == (
        "sid's perfetto no longer fits trixie's C library:"
        " it needs libc6 (>= 2.43); trixie has 2.41-12+deb13u4. Update reclaim"
    )


def test_another_apt_failure_keeps_its_own_words() -> None:
    assert apt_failure("E: Could not resolve host") == "E: Could not resolve host"


def test_the_mirror_is_the_one_this_machine_uses_for_debian_itself() -> None:
    listed = (
        "https://deb.nodesource.com/node_20.x . nodistro\n"
        "http://security.example/debian-security/ Debian Debian-Security\n"
        "file:/media/cdrom/ Debian Debian\n"
        "http://mirror.example/debian/ Debian Debian\n"
    )
    assert mirror_of(listed) == "http://mirror.example/debian"


def test_without_a_mirror_of_its_own_a_machine_uses_debians() -> None:
    assert mirror_of("") == DEFAULT_MIRROR


def test_only_the_proxies_of_the_hosts_apt_are_taken_over() -> None:
    dump = 'Acquire::http::Proxy "http://proxy:3128";\nDPkg::Post-Invoke:: "rm -rf /";\nAcquire::https::Proxy "";\n'
    assert proxies(dump) == ('Acquire::http::Proxy "http://proxy:3128";', 'Acquire::https::Proxy "";')


def test_both_suites_are_verified_by_debians_keys() -> None:
    lines = sources("http://m/debian", "/keys.gpg")
    assert [line.split()[-2] for line in lines] == ["trixie", "sid"]
    assert all(line.startswith("deb [signed-by=/keys.gpg] http://m/debian ") for line in lines)


def test_exact_versions_are_fetched_and_a_user_needs_no_privilege() -> None:
    packages = parse_resolve(SIMULATED)
    argv = mmdebstrap_argv(packages, "http://m/debian", "/keys.gpg", root=False)
    assert "--mode=chrootless" in argv
    assert "--include=libc6=2.41-12+deb13u4,perfetto=56.0-1,zlib1g=1:1.3.dfsg+really1.3.1-1+b1" in argv
    assert "--mode=root" in mmdebstrap_argv(packages, "http://m/debian", "/keys.gpg", root=True)


def test_libraries_are_read_from_the_loaders_own_list() -> None:
    listed = (
        "\tlinux-vdso.so.1 (0x00007ffd)\n"
        "\tlibperfetto.so => /usr/lib/perfetto/libperfetto.so (0x00007f1)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f2)\n"
    )
    assert parse_libraries(listed) == ("/usr/lib/perfetto/libperfetto.so", "/lib64/ld-linux-x86-64.so.2")
