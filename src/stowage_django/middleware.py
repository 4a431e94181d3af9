"""The middleware that `apply` names; it can be imported where WhiteNoise is not installed.

A change of the server reaches a running application before the next release adds the package to its
image. Until then nginx, which has the same files, answers for it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware  # type: ignore[untyped-decorator]  # Django has no type hints.
def pool_middleware(get_response: Any) -> Any:
    """`static_pool.PoolMiddleware`, or nothing without WhiteNoise."""
    try:
        from stowage_django.static_pool import PoolMiddleware
    except ModuleNotFoundError as error:
        if error.name != "whitenoise":
            raise
        message = "WhiteNoise is not installed: nginx serves static files until the next release."
        logging.getLogger(__name__).warning(message)
        raise MiddlewareNotUsed(message) from None
    return PoolMiddleware(get_response)
