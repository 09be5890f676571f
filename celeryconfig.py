"""Celery's policy: what runs where, and that a message is only a bell."""

imports = ("workers.search", "workers.pages", "workers.embeddings")

task_serializer = "json"
accept_content = ["json"]
result_accept_content = ["json"]

# Jobs have their results in PostgreSQL; nothing is kept twice.
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Early acknowledgement: a lost bell is rung again by the sweeper, and a lease, not the broker,
# says who has a job.
task_acks_late = False
task_reject_on_worker_lost = False
worker_prefetch_multiplier = 1
worker_disable_prefetch = True

task_default_queue = "replies"
task_create_missing_queues = True
task_publish_retry = False

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_pool_acquire_timeout = 2
broker_transport_options = {
    # Without it kombu tries for two seconds by itself, whatever the publish policy says.
    "max_retries": 0,
    # Nor need bells be kept until they are acknowledged: two round trips for each.
    "ack_emulation": False,
    # Which job comes next is decided before its bell is rung.
    "priority_steps": [0],
    "socket_connect_timeout": 0.5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

task_send_sent_event = False
worker_hijack_root_logger = False
worker_cancel_long_running_tasks_on_connection_loss = False
worker_max_tasks_per_child = 200
worker_proc_alive_timeout = 30
worker_enable_remote_control = True
