"""Settings of the server, from the environment; business numbers are vars and seeds, not these."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from regulars.errors import InvalidSettingError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class ServerSettings(BaseSettings):
    """How the server runs; each field is read from REGULARS_SERVE_<NAME>.

    Attributes:
        database: The published database.
        host: Address to bind.
        port: Port to bind.
        token: What clients must show, as a bearer token or by the page /login; none: nobody is asked.
        allowed_hosts: Names that the Host header may have, besides those of the loopback address.
        upload_bytes: Most bytes of a request's body.
        upload_rows: Most data rows of an upload.
        upload_seconds: Time to receive and classify an upload, each.
        uploads: Uploads that are worked on at once; others are told to come again (429).
        upload_threads: Threads of each.
        upload_memory: DuckDB's memory for each.
        upload_address_bytes: Address space of each upload's process.
        upload_spill: What each may spill to disk.
        result_minutes: Minutes after the last look at which an upload's results are deleted.
        results: Most results that are kept; the oldest goes first.
        read_memory: DuckDB's memory for reading the published database.
        read_threads: DuckDB's threads for it; many small queries side by side need one.
    """

    model_config = SettingsConfigDict(env_prefix="REGULARS_SERVE_", frozen=True)

    database: Path = Path("regulars.duckdb")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    token: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ()
    upload_bytes: int = Field(default=256 << 20, gt=0)
    upload_rows: int = Field(default=3_000_000, gt=0)
    upload_seconds: int = Field(default=120, gt=0)
    uploads: int = Field(default=2, gt=0)
    upload_threads: int = Field(default=2, gt=0)
    upload_memory: str = "900MB"
    upload_address_bytes: int = Field(default=6 << 30, gt=0)
    upload_spill: str = "4GB"
    result_minutes: int = Field(default=30, gt=0)
    results: int = Field(default=20, gt=0)
    read_memory: str = "1GB"
    read_threads: int = Field(default=1, gt=0)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """Names that the Host header may have, without ports, in lower case."""
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, *self.allowed_hosts))

    def check(self) -> None:
        """Refuse to be open to others without a token.

        Raises:
            InvalidSettingError: Other machines could reach the server, and no token is set.
        """
        if not self.is_loopback and not self.token:
            raise InvalidSettingError(
                f"The server would answer everybody who can reach {self.host}. Set "
                "REGULARS_SERVE_TOKEN to a long random text, or bind 127.0.0.1."
            )
        if self.token and len(self.token.get_secret_value()) < 16:
            raise InvalidSettingError("REGULARS_SERVE_TOKEN must have at least 16 characters.")
