"""Serves the scripted gateway."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.frontend.scripted_gateway import about, accounts, answers, conversations, feedback, index, models
from tests.frontend.scripted_gateway.keeping import Failure, state

app = FastAPI()
for part in (about, accounts, answers, conversations, feedback, index, models):
    app.include_router(part.routes)


@app.exception_handler(Failure)
async def fail(request: Request, error: Failure) -> JSONResponse:
    return JSONResponse(error.body, error.status)


if __name__ == "__main__":
    state.open(Path(sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=1)
