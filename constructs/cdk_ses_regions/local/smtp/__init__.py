"""The SMTP doors: for mail that comes in, for applications that send, for bounces and complaints."""
