"""What happens in Earshot, told to other programs over HTTP in the Standard Webhooks form."""
