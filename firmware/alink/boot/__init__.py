"""From power-up to the login of a session: every module here is a step of a boot.

    identity → network (wifi, clock) → registration (connect_fields, register, store) → login

Theory of operation: identity

A board is a product certificate (ProductKey, ProductSecret, DeviceName; burned on the line, only
`scrub` writes it again) and a credential (DeviceSecret, or ClientID and DeviceToken; returned by
registration, written once). Both are records of `record`: magic, kind, generation, fields, CRC-32.
Losing the credential of a board that was online is final for `register` (the platform answers
6289) and costs one of five ClientIDs for `regnwl`. So it is stored twice, and either copy is
enough:

    partition table   certificate                      credential
    ours (factory)    partition fctry, read-only       partition cred, two sectors; NVS
    untouched         NVS; a file; the former fctry    a file; the former cred; NVS

The former partitions matter if a stock image was flashed over a factory board: their ranges are
read raw, and never written.

`copies` knows the locations, `stock_copies` those of an untouched table; nothing else does.

Writing (`store`): the generation is one above the newest that is found. The sector that does not
hold the newest copy is written first and read back, then NVS. A power cut can damage only the copy
that is being written:

    cut while                      the next boot finds                         and does
    writing the first copy         the old copies, if any                      as before the cut
    writing NVS                    the new sector, the old NVS or none         takes the new one,
                                                                               repairs NVS
    sending DISCONNECT             both                                        nothing

Reading (`identity`): each copy is checked (CRC, fields, limits), the valid one of the highest
generation wins. The other copy is then repaired once; a failed repair is logged and never stops a
boot. A credential counts only for its own (ProductKey, DeviceName): correcting a ProductSecret or
a host keeps it; under another name it is ignored. Without a readable certificate a valid
credential is enough to log in. A setting of the program wins over a field of the certificate, and
that over the same field of the credential.

Registering (`registration`): a registration is one CONNECT with the ProductSecret and one pushed
reply; the connection stays open until the credential is stored and read back. For `regnwl` the
number of registrations begun is stored before each dial, so that a board that resets in a loop
cannot spend all ClientIDs:

    begun and not ended   next boot
    0 or 1                registers
    2                     waits 10 minutes, then registers
    3                     stops: see `alink.maintenance.allow_registration`

The counter goes back by one if the platform refused, or if no CONNECT left the board: neither can
have spent a ClientID. A success sets it to 0.
"""
