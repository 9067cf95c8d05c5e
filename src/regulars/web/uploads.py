"""Uploads: private folders, a process for each task, and results that are deleted when nobody looks."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import re
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import duckdb

from regulars.ingest.content import UnsupportedContentError, check_inflated, suffix_of
from regulars.processes import forking_context
from regulars.web import worker
from regulars.web.problems import Problem, accident
from regulars.web.settings import ServerSettings
from regulars.web.store import Rows

PREFIX = "regulars-serve-"
RETRY_SECONDS = 5
SET_ASIDE_ROWS = 1_000
# A gzip file may inflate to so many times the limit of a body.
INFLATION = 16
_COPY_BYTES = 1 << 20
_ID_BYTES = 16
_ID = re.compile(r"[0-9a-f]{32}")

_logger = logging.getLogger("regulars.web")


@dataclass
class Upload:
    """One upload and what came out of it so far.

    Attributes:
        upload_id: Unguessable; who has it may see the upload.
        folder: Its private folder.
        file: Name of the file in it; None once it is deleted or where the built data are used.
        status: "waiting", "running", "done" or "failed".
        task: The last task.
        step: Steps done, all steps, name.
        results: Results by task.
        problem: Why the last task failed.
    """

    upload_id: str
    folder: Path
    file: str | None = None
    status: str = "waiting"
    task: str | None = None
    step: tuple[int, int, str] = (0, 1, "")
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem: Problem | None = None
    seen_at: float = field(default_factory=time.monotonic)
    process: multiprocessing.process.BaseProcess | None = None

    def result(self, task: str) -> dict[str, Any]:
        """The result of a task.

        Raises:
            Problem: The task has not been done.
        """
        if task not in self.results:
            raise Problem(409, "not-ready", "The upload has not been worked on that far yet.")
        return self.results[task]

    def query(self, sql: str, values: list[Any]) -> Rows:
        """Run a query on the upload's tables, which are views named as their Parquet files."""
        with self._open() as connection:
            result = connection.execute(sql, values)
            return Rows(tuple(column[0] for column in result.description), result.fetchall())

    def stream(self, sql: str, values: list[Any], *, batch: int) -> Iterator[Rows]:
        """As `query`, in batches; the first has the names even if there are no rows."""
        with self._open() as connection:
            result = connection.execute(sql, values)
            names = tuple(column[0] for column in result.description)
            yield Rows(names, result.fetchmany(batch))
            while rows := result.fetchmany(batch):
                yield Rows(names, rows)

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        settings = {"threads": 1, "memory_limit": "500MB"}
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("set temp_directory = ''")
            for path in sorted(self.folder.glob("*.parquet")):
                name = path.stem
                if path.name != self.file:  # the upload itself is not to be queried
                    connection.execute(
                        f"create view {name} as from read_parquet('{self.folder}/{path.name}')"
                    )
            connection.execute(f"set allowed_directories = ['{self.folder}/']")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection


class Uploads:
    """All uploads of a server."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.uploads)
        self._context = forking_context("regulars.web.worker")

    def warm_up(self) -> None:
        """Start the process that uploads are forked from, so that the first one need not wait."""
        process = self._context.Process(target=_nothing, daemon=True)
        process.start()
        process.join()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the uploads that are worked on at once.

        Raises:
            Problem: All are taken (429).
        """
        if not self._slots.acquire(blocking=False):
            raise busy()
        try:
            yield
        finally:
            self._slots.release()

    def receive(self, source: IO[bytes]) -> Upload:
        """Keep an uploaded file in a folder of its own, under a name that its content decides.

        Raises:
            Problem: It is of a kind that cannot be read (415), or empty (422).
        """
        upload = self._new()
        try:
            path = upload.folder / "upload"
            with open(path, "xb", opener=_private) as target:
                shutil.copyfileobj(source, target, _COPY_BYTES)
            suffix = suffix_of(path)
            path = path.rename(upload.folder / f"upload{suffix}")
            if suffix == ".csv.gz":
                check_inflated(path, INFLATION * self.settings.upload_bytes)
            upload.file = path.name
        except UnsupportedContentError as error:
            self.delete(upload.upload_id)
            raise Problem(415, "unsupported-content", str(error)) from error
        except BaseException:
            self.delete(upload.upload_id)
            raise
        return upload

    def empty(self) -> Upload:
        """An upload without a file: a place for what is made of the built data."""
        return self._new()

    def find(self, upload_id: str) -> Upload:
        """The upload of an id.

        Raises:
            Problem: There is none, or it has been deleted (404).
        """
        self.expire()
        with self._lock:
            upload = self._uploads.get(upload_id) if _ID.fullmatch(upload_id) else None
            if upload is None:
                raise Problem(
                    404,
                    "no-upload",
                    f"There is no such upload. Uploads are deleted {self.settings.result_minutes} "
                    "minutes after the last look.",
                )
            upload.seen_at = time.monotonic()
            return upload

    def delete(self, upload_id: str) -> None:
        """Forget an upload and everything that came of it, and end what works on it."""
        with self._lock:
            upload = self._uploads.pop(upload_id, None)
        if upload:
            _end(upload.process)
            shutil.rmtree(upload.folder, ignore_errors=True)

    def expire(self) -> None:
        """Delete uploads that nobody has looked at for a while, and the oldest beyond the limit."""
        oldest = time.monotonic() - 60 * self.settings.result_minutes
        with self._lock:
            idle = [one for one in self._uploads.values() if one.status != "running"]
            idle.sort(key=lambda one: one.seen_at)
            surplus = max(len(self._uploads) - self.settings.results, 0)
            gone = [
                one.upload_id
                for place, one in enumerate(idle)
                if one.seen_at < oldest or place < surplus
            ]
        for upload_id in gone:
            self.delete(upload_id)

    def work(self, upload: Upload, task: str, given: dict[str, Any]) -> dict[str, Any]:
        """Do a task in a process of its own, and wait for it.

        Returns:
            Its result, which the upload keeps too.

        Raises:
            Problem: What was wrong with the file, or that it took too long (408) or too much.
        """
        receiver, sender = self._context.Pipe(duplex=False)
        limits = {
            "rows": self.settings.upload_rows,
            "memory": self.settings.upload_memory,
            "spill": self.settings.upload_spill,
            "threads": self.settings.upload_threads,
            "set_aside_rows": SET_ASIDE_ROWS,
            "address_bytes": self.settings.upload_address_bytes,
        }
        process = self._context.Process(
            target=worker.run,
            args=(task, given, str(upload.folder), limits, sender),
            daemon=False,
        )
        upload.status, upload.task, upload.problem, upload.step = "running", task, None, (0, 1, "")
        try:
            process.start()
            upload.process = process
            sender.close()
            result = self._listen(upload, receiver)
            upload.results[task] = result
            upload.status = "done"
            return result
        except Problem as problem:
            upload.problem = problem
            upload.status = "failed"
            raise
        except BaseException as error:
            upload.problem = accident(error)
            upload.status = "failed"
            raise upload.problem from error
        finally:
            _end(process)
            upload.process = None
            receiver.close()

    def begin(self, upload: Upload, task: str, given: dict[str, Any]) -> None:
        """Do a task in the background; `upload.status` says how far it is.

        Raises:
            Problem: As many uploads as allowed are worked on already (429).
        """
        if upload.status == "running":
            raise Problem(409, "at-work", "The upload is being worked on.")
        if not self._slots.acquire(blocking=False):
            raise busy()
        upload.status = "running"

        def work() -> None:
            try:
                with contextlib.suppress(Problem):  # the upload keeps it
                    self.work(upload, task, given)
            finally:
                self._slots.release()

        threading.Thread(target=work, daemon=True, name=f"upload-{task}").start()

    def close(self) -> None:
        """Delete everything."""
        for upload_id in list(self._uploads):
            self.delete(upload_id)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _new(self) -> Upload:
        self.expire()
        upload_id = secrets.token_hex(_ID_BYTES)
        folder = self.folder / upload_id
        folder.mkdir(mode=0o700)
        upload = Upload(upload_id, folder)
        with self._lock:
            self._uploads[upload_id] = upload
        return upload

    def _listen(self, upload: Upload, receiver: Any) -> dict[str, Any]:  # noqa: ANN401 - a pipe's end
        deadline = time.monotonic() + self.settings.upload_seconds
        while True:
            if not receiver.poll(max(deadline - time.monotonic(), 0)):
                raise Problem(
                    408,
                    "too-slow",
                    f"The file took more than {self.settings.upload_seconds} seconds.",
                    limit=f"{self.settings.upload_seconds} seconds",
                )
            try:
                message = receiver.recv()
            except EOFError:
                limit = f"{self.settings.upload_address_bytes / (1 << 30):g} GB"
                raise Problem(
                    413,
                    "too-large",
                    f"The file could not be worked on within {limit} of memory.",
                    limit=limit,
                ) from None
            match message:
                case ("step", done, total, name):
                    upload.step = (done, total, name)
                case ("problem", status, kind, detail, members):
                    raise Problem(status, kind, detail, **members)
                case ("done", result):
                    return json.loads(json.dumps(result, default=str))


def busy() -> Problem:
    """The problem of a server whose hands are full."""
    return Problem(
        429,
        "busy",
        "As many uploads as this server works on at once are under way. Try again shortly.",
        headers={"retry-after": str(RETRY_SECONDS)},
        retry_after=RETRY_SECONDS,
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _nothing() -> None:
    pass


def _end(process: multiprocessing.process.BaseProcess | None) -> None:
    """End a process and what it started."""
    # ValueError: it has been closed already
    with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
        if process is not None and process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
    with contextlib.suppress(AttributeError, ValueError):
        process.kill()
        process.join(5)
        process.close()


def _sweep() -> None:
    """Delete what servers left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(ValueError, OSError):
            pid = int(folder.name.removeprefix(PREFIX).split("-")[0])
            if folder.stat().st_uid == os.getuid() and not _is_alive(pid):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
