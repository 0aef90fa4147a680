"""Settings of the spans that are sent while turns run: under the names OpenTelemetry gave them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

TRACES = "/v1/traces"
"""Where a collector takes traces, below the address it is reached at."""


class TelemetrySettings(BaseSettings):
    """Where spans go. The rest (OTEL_EXPORTER_OTLP_HEADERS…) OpenTelemetry's library reads."""

    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        description="Send each turn as OpenTelemetry spans to this collector while running, such "
        "as http://localhost:4318. OpenTelemetry's other variables count too (docs/telemetry.md).",
    )
    otel_exporter_otlp_traces_endpoint: str | None = Field(
        default=None,
        description=f"The whole address for traces, where it is not {TRACES} below that one.",
    )
    otel_instrumentation_genai_capture_message_content: Literal[
        "true", "span_only", "span_and_event", "event_only", "no_content", "false"
    ] = Field(
        default="false",
        description="true or span_only: what was said and called is in these spans, with numbers "
        "and addresses replaced. Otherwise only what happened, when, and what it cost.",
    )

    @field_validator("otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint")
    @classmethod
    def _a_collector(cls, url: str | None) -> str | None:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError(f"{url!r} is no address; write it like http://localhost:4318.")
        return url

    @field_validator("otel_instrumentation_genai_capture_message_content", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @property
    def traces_endpoint(self) -> str | None:
        """Where traces are sent; None when nowhere."""
        base = self.otel_exporter_otlp_endpoint
        return self.otel_exporter_otlp_traces_endpoint or (
            base.rstrip("/") + TRACES if base else None
        )

    @property
    def sends_content(self) -> bool:
        """Whether what was said is in the spans."""
        chosen = self.otel_instrumentation_genai_capture_message_content
        return chosen in ("true", "span_only", "span_and_event")
