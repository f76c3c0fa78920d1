#!/bin/sh
# Creates the namespace payments run in, or sets how long it keeps closed ones: a payment that is forgotten can be charged
# again under the same reference, so they are kept for ten years. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where.
set -eu

cli=${TEMPORAL_CLI:-temporal}
if "$cli" operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  "$cli" operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
  "$cli" operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
