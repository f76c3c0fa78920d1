import proto from '@temporalio/proto';

/** The protocol's enums that the raw calls need; the package is CommonJS, whose names ESM cannot import one by one. */
export const {
  CommandType,
  EventType,
  HistoryEventFilterType,
  IndexedValueType,
  PendingActivityState,
  TaskQueueType,
  WorkflowExecutionStatus,
} = proto.temporal.api.enums.v1;
