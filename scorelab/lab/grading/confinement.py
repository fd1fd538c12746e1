"""What the kernel keeps a submission from: Landlock for files, seccomp for sockets, limits.

A process can lay these on itself without any privilege, and it cannot take them off again; whatever
it starts inherits them. The calls are made through `ctypes`: what there is on PyPI for Landlock
knows neither its newer versions nor seccomp.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

__all__ = ["confine", "limit", "missing"]

_EXECUTE, _WRITE, _READ, _LIST, _REFER, _TRUNCATE, _IOCTL = (
    1 << i for i in (0, 1, 2, 3, 13, 14, 15)
)
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_NO_SIGNALS_OUT, _NO_ABSTRACT_SOCKETS_OUT = 2, 1

# What Python, torch and matplotlib read beside their own folders. Of /proc a process sees its own
# part; of /etc nothing that is secret.
_SYSTEM = (
    *("/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/sys/devices/system"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat"),
    *("/dev/null", "/dev/random", "/dev/urandom", "/dev/zero", "/etc/fonts", "/etc/group"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd"),
)

# By machine: seccomp's name of it, the number of `socket`, and those of the calls that change
# owner, mode, times and attributes of a file, which Landlock lets pass.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        41,
        (90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280),
    ),
    "aarch64": (0xC00000B7, 198, (5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88)),
}
_NEWER = (452, 463, 466, 469)  # more such calls, with one number on all machines
_IO_URING = 425  # another way to all calls, around the filter


def missing() -> str | None:
    """What this system lacks to keep a submission inside its folder, `None` if nothing."""
    if sys.platform != "linux":
        return f"Linux, but this is {platform.system()}"
    if platform.machine() not in _MACHINES or sys.maxsize < 2**32:
        return f"a processor of 64 bits, {' or '.join(_MACHINES)}, but this is {platform.machine()}"
    if _version() < 3:
        return "Landlock of Linux 6.2 or newer, switched on"
    return None


def limit(memory: int) -> None:
    """Bound this process's memory, in MiB, and each of its files to 1 GiB; no core dumps."""
    import resource

    for what, most in (
        (resource.RLIMIT_DATA, memory << 20),
        (resource.RLIMIT_FSIZE, 1 << 30),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def confine(scratch: Path, readable: list[str]) -> None:
    """Let this process, and all that it starts, write in `scratch` alone, and speak to nobody.

    It reads `scratch`, `readable` and what every program needs of the system. To be called before
    there is a second thread, which would stay free.

    Raises:
        OSError: If the kernel does not do it.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        raise OSError("a thread runs already, which would not be confined")
    _prctl(38, 1)  # no new privileges, which the kernel asks for first
    # The administrator's powers go too: version 3 of the call, this process, and nothing of all.
    _checked(_libc().capset(struct.pack("=Ii", 0x20080522, 0), bytes(24)))
    _rule_files(scratch, readable)
    _filter_calls()


def _rule_files(scratch: Path, readable: list[str]) -> None:
    version = _version()
    handled = (1 << (15 if version < 5 else 16)) - 1
    scoped = _NO_SIGNALS_OUT | _NO_ABSTRACT_SOCKETS_OUT
    # Each version of the structure is the beginning of the next: files, network, scopes.
    attributes = struct.pack("=QQQ", handled, 0, scoped)[: 24 if version >= 6 else 8]
    rules = _landlock(444, attributes, len(attributes), 0)
    allowed = [(str(scratch), handled), ("/dev/null", _READ | _WRITE | _TRUNCATE)]
    allowed += [(path, _READ | _LIST | _EXECUTE) for path in (*_SYSTEM, *readable)]
    for path, rights in allowed:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # not on this system
            continue
        rights &= handled if os.path.isdir(path) else _OF_FILES
        _landlock(445, rules, 1, struct.pack("=Qi", rights, handle), 0)
        os.close(handle)
    _landlock(446, rules, 0)
    os.close(rules)


def _filter_calls() -> None:
    """No sockets: neither the network nor the services of this machine, which could be asked to
    write. And a file's mode and times stay as they are, though the call says that all went well,
    since a copy within the scratch folder need not fail of it."""
    machine, socket, attributes = _MACHINES[platform.machine()]
    kill, allow, errno = 0x80000000, 0x7FFF0000, 0x00050000
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06

    program = [(load, 0, 0, 4), (equal, 1, 0, machine), (give, 0, 0, kill), (load, 0, 0, 0)]
    # Numbers from 2³⁰ on are those of x86's other names for the same calls.
    program += [(above, 0, 1, 1 << 30), (give, 0, 0, kill)]
    answers = {socket: 13, _IO_URING: 38} | dict.fromkeys((*attributes, *_NEWER), 0)
    for call, answer in answers.items():
        program += [(equal, 0, 1, call), (give, 0, 0, errno | answer)]
    program += [(give, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    _prctl(22, 2, struct.pack("@HP", len(program), ctypes.addressof(code)))


def _version() -> int:
    """Landlock's, 0 if the kernel has none."""
    try:
        return _landlock(444, None, 0, 1)
    except OSError:
        return 0


def _landlock(number: int, *arguments: int | bytes | None) -> int:
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments)]
    return _checked(_libc().syscall(*words))


def _prctl(option: int, *arguments: int | bytes) -> None:
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    words += [ctypes.c_long(0)] * (4 - len(words))
    _checked(_libc().prctl(option, *words))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
