"""Names of modules that a frozen SDK creates as it runs: through this module they are in ROM.

`firmware/manifest.py` freezes it, and nothing imports it. A step is a module of `alink.heap` with
the name of its file: see `load` there. A test compares the list with the files.
"""

# pyright: reportMissingImports=false


def names():
    """Is never called: the compiler has the names from it."""
    import alink
    import alink.blocking
    import alink.boot
    import alink.cloudlog
    import alink.config
    import alink.device
    import alink.errors
    import alink.file_upload
    import alink.gateway
    import alink.gateway.engine
    import alink.gateway.roster
    import alink.gateway.sub_device
    import alink.heap
    import alink.heap.aliyun as aliyun
    import alink.heap.backoff as backoff
    import alink.heap.board_name as board_name
    import alink.heap.boot as boot
    import alink.heap.calls as calls
    import alink.heap.chip as chip
    import alink.heap.clock as clock
    import alink.heap.connect_fields as connect_fields
    import alink.heap.connection as connection
    import alink.heap.copies as copies
    import alink.heap.crc16 as crc16
    import alink.heap.efuse as efuse
    import alink.heap.envelope as envelope
    import alink.heap.file_server as file_server
    import alink.heap.frame as frame
    import alink.heap.globalsign_e46 as globalsign_e46
    import alink.heap.globalsign_r1 as globalsign_r1
    import alink.heap.globalsign_r3 as globalsign_r3
    import alink.heap.globalsign_r6 as globalsign_r6
    import alink.heap.globalsign_r46 as globalsign_r46
    import alink.heap.growth as growth
    import alink.heap.identity as identity
    import alink.heap.log_in as log_in
    import alink.heap.login_fields as login_fields
    import alink.heap.lost_replies as lost_replies
    import alink.heap.memory_reset as memory_reset
    import alink.heap.mqtt as mqtt
    import alink.heap.names as names
    import alink.heap.network as network
    import alink.heap.notifications as notifications
    import alink.heap.offer as offer
    import alink.heap.over_https as over_https
    import alink.heap.over_mqtt as over_mqtt
    import alink.heap.packets as packets
    import alink.heap.platform as platform
    import alink.heap.policy as policy
    import alink.heap.record as record
    import alink.heap.refusal as refusal
    import alink.heap.register as register
    import alink.heap.register_https as register_https
    import alink.heap.registration as registration
    import alink.heap.replies as replies
    import alink.heap.reply as reply
    import alink.heap.request as request
    import alink.heap.request_bytes as request_bytes
    import alink.heap.request_table as request_table
    import alink.heap.requests as requests
    import alink.heap.scrub as scrub
    import alink.heap.scrub_stock as scrub_stock
    import alink.heap.secrets as secrets
    import alink.heap.session as session
    import alink.heap.settings as settings
    import alink.heap.sign as sign
    import alink.heap.slot as slot
    import alink.heap.stock_copies as stock_copies
    import alink.heap.storage as storage
    import alink.heap.store as store
    import alink.heap.tls_errors as tls_errors
    import alink.heap.transport as transport
    import alink.heap.trial as trial
    import alink.heap.tsl_reader as tsl_reader
    import alink.heap.update as update
    import alink.heap.url as url
    import alink.heap.utc as utc
    import alink.heap.values as values
    import alink.heap.wifi as wifi
    import alink.heap.wifi_state as wifi_state
    import alink.heap.wrong_arguments as wrong_arguments
    import alink.heap.wrong_names as wrong_names
    import alink.http_channel
    import alink.https
    import alink.jobs
    import alink.login
    import alink.maintenance
    import alink.memory
    import alink.messages
    import alink.ota
    import alink.ota.file_target
    import alink.outbox
    import alink.pack
    import alink.report
    import alink.rrpc
    import alink.session
    import alink.shadow
    import alink.sleep
    import alink.tasks
    import alink.thing
    import alink.timesync
    import alink.topics
    import alink.tsl
    import alink.utc
