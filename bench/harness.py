"""The harness to measure, in its own process: `python -m bench.harness PORT LINE DATABASE`."""

from __future__ import annotations

import sys

import uvicorn
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.settings import Settings
from server import create_app

SECRET = "whsec_bench_0123456789"
KEY = "sk_bench"


def at_once(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A model that has always known what to say."""
    return ModelResponse([TextPart("Sure.")])


def main() -> None:
    """Serve until killed."""
    port, line_url, database = sys.argv[1:]
    settings = Settings(
        agentphone_api_key=KEY,
        agentphone_base_url=line_url,
        agentphone_webhook_secret=SECRET,
        database_url=database,
        threedots_quiet_for=0.0,
    )
    app = create_app(settings, FunctionModel(at_once, model_name="at-once"))
    uvicorn.run(app, port=int(port), log_level="error", access_log=False, lifespan="on")


if __name__ == "__main__":
    main()
