# Frozen into the image beside the SDK: the version that this image reports.
VERSION = "1.0.0"
