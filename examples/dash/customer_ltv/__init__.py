"""What customers are worth: a Dash app as companies have them, over one catalog a tenant."""
