"""What `make provider` writes, as it is for NAME=acme: real files, which are typed, styled and tried as they stand."""
