"""The paths of API v2, below /api/v2/."""

from django.urls import path

from secrets_app import (
    api_page,
    api_v2,
    api_v2_files,
    converters,  # noqa: F401 - registers <secret_id:…>, <key:…> and <segment:…>
)

urlpatterns = [
    path("secrets", api_v2.create, name="api-v2-create"),
    path("secrets/<secret_id:secret>", api_v2.status, name="api-v2-status"),
    path("secrets/<secret_id:secret>/claim", api_v2.claim, name="api-v2-claim"),
    path("secrets/<secret_id:secret>/ack", api_v2.acknowledge, name="api-v2-ack"),
    path("secrets/<secret_id:secret>/segments/<segment:number>", api_v2_files.fetch, name="api-v2-segment"),
    path("uploads", api_v2_files.begin, name="api-v2-begin-upload"),
    path("uploads/<secret_id:secret>", api_v2_files.upload, name="api-v2-upload"),
    path("uploads/<secret_id:secret>/segments/<segment:number>", api_v2_files.put, name="api-v2-put-segment"),
    path("uploads/<secret_id:secret>/finish", api_v2_files.finish, name="api-v2-finish-upload"),
    path("receipts", api_v2.receipts, name="api-v2-receipts"),
    path("receipts/<key:receipt>", api_v2.receipt, name="api-v2-receipt"),
    path("receipts/<key:receipt>/burn", api_v2.burn, name="api-v2-burn"),
    path("limits", api_v2.limits, name="api-v2-limits"),
    path("status", api_v2.service_status, name="api-v2-service-status"),
    path("openapi.json", api_page.openapi_json, name="openapi"),
]
