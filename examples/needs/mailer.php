<?php
// Sends the ferry's notices.
use Aws\Ses\SesClient;

class Mailer
{
    const FROM = 'no-reply@shiosai.example';

    public function __construct(private SesClient $ses)
    {
    }

    public function send(string $to, string $text): void
    {
        $this->ses->sendEmail([
            'Source' => self::FROM,
            'Destination' => ['ToAddresses' => [$to]],
            'Message' => ['Subject' => ['Data' => 'Shiosai'], 'Body' => ['Text' => ['Data' => $text]]],
        ]);
    }
}
