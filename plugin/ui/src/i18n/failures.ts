/**
 * What went wrong and what helps, by the code of the Python side: one sentence each, in every language but English, whose words
 * are the Python side's own. A text that names what was not sent along is not used.
 */
export type Words = readonly [de: string, fr: string, es: string, ja: string, zh: string];

export const LANGUAGES = ["de", "fr", "es", "ja", "zh"];

const gone: Words = [
  "Das gibt es nicht mehr. Bitte die Seite neu laden.",
  "Cela n'existe plus. Rechargez la page.",
  "Eso ya no existe. Vuelva a cargar la página.",
  "もう存在しません。ページを再読み込みしてください。",
  "该项已不存在。请重新加载页面。",
];

const deleted: Words = [
  "Das wurde in Stash gelöscht.",
  "Cet élément a été supprimé dans Stash.",
  "Se ha borrado en Stash.",
  "Stash で削除されています。",
  "已在 Stash 中删除。",
];

const noFile: Words = [
  "Stash hat keine Datei dazu. Es hilft, die Bibliothek neu einzulesen.",
  "Stash n'a pas de fichier pour cet élément. Relancez l'analyse de la bibliothèque.",
  "Stash no tiene ningún archivo para esto. Vuelva a escanear la biblioteca.",
  "Stash にファイルがありません。ライブラリを再スキャンしてください。",
  "Stash 没有对应的文件。请重新扫描媒体库。",
];

const unreadable: Words = [
  "Die Datei lässt sich nicht lesen.",
  "Le fichier est illisible.",
  "No se puede leer el archivo.",
  "ファイルを読み込めません。",
  "无法读取文件。",
];

const notHere: Words = [
  "Auf diesem Rechner läuft die Erkennung nicht. In den Einstellungen lässt sich ein anderer Rechner verbinden.",
  "La reconnaissance ne tourne pas sur cette machine. Associez un autre ordinateur dans les paramètres.",
  "El reconocimiento no funciona en este equipo. Vincule otro ordenador en los ajustes.",
  "このマシンでは認識を実行できません。設定で別のコンピューターを接続してください。",
  "本机无法运行识别。请在设置中连接另一台电脑。",
];

export const failures: Record<string, Words | undefined> = {
  "unknown-job": gone,
  "unknown-row": gone,
  "unknown-run": gone,
  "unknown-face": gone,
  "not-found": deleted,
  "performer-gone": deleted,
  "no-file": noFile,
  "missing-file": noFile,
  "unreadable-media": unreadable,
  undecodable: unreadable,
  unsupported: notHere,
  "32-bit": notHere,
  "no-name": ["Ein Darsteller braucht einen Namen.", "Un interprète doit avoir un nom.", "Un intérprete necesita un nombre.", "出演者には名前が必要です。", "演员必须有名字。"],
  "same-performer": [
    "Bitte zwei verschiedene Darsteller wählen.",
    "Choisissez deux interprètes différents.",
    "Elija dos intérpretes distintos.",
    "別々の出演者を 2 人選んでください。",
    "请选择两位不同的演员。",
  ],
  "no-face": [
    "Von {name} ist kein Gesicht bekannt. Es hilft ein Bild mit einem deutlichen Gesicht oder die Wahl des Gesichts auf der StashAI-Seite.",
    "Aucun visage de {name} n'est connu. Donnez une photo avec un visage net, ou choisissez le visage sur la page StashAI.",
    "No se conoce ninguna cara de {name}. Ponga una imagen con una cara clara o elija la cara en la página de StashAI.",
    "{name} の顔が登録されていません。顔がはっきり写った画像を設定するか、StashAI のページで顔を選んでください。",
    "没有 {name} 的人脸。请设置一张人脸清晰的图片,或在 StashAI 页面选择人脸。",
  ],
  "not-confirmed": [
    "Zur Bestätigung {expected} eingeben.",
    "Saisissez {expected} pour confirmer.",
    "Escriba {expected} para confirmar.",
    "確認のため「{expected}」と入力してください。",
    "请输入“{expected}”以确认。",
  ],
  "setup-needed": [
    "Die Pakete von StashAI fehlen noch. Die Aufgabe „Set up“ holt sie.",
    "Les paquets de StashAI manquent encore. La tâche « Set up » les télécharge.",
    "Aún faltan los paquetes de StashAI. La tarea «Set up» los descarga.",
    "StashAI のパッケージがまだありません。タスク「Set up」で取得できます。",
    "StashAI 的软件包尚未安装。任务“Set up”会获取它们。",
  ],
  "setup-interrupted": [
    "Die Einrichtung wurde unterbrochen. Beim nächsten Start geht es mit dem weiter, was schon da ist.",
    "L'installation a été interrompue. Relancée, elle reprend ce qui est déjà arrivé.",
    "La instalación se interrumpió. Al iniciarla de nuevo, sigue con lo que ya llegó.",
    "セットアップが中断されました。もう一度始めると続きから進みます。",
    "安装被中断。再次启动会从已有部分继续。",
  ],
  "no-room": [
    "In {folder} sind {free} MB frei, nötig sind {needed} MB. Platz schaffen oder einen anderen Datenordner wählen.",
    "Il reste {free} Mo dans {folder}, il en faut {needed}. Faites de la place ou choisissez un autre dossier des données.",
    "En {folder} quedan {free} MB y hacen falta {needed} MB. Haga sitio o elija otra carpeta de datos.",
    "{folder} の空きは {free} MB ですが、{needed} MB 必要です。空きを増やすか、別のデータフォルダーを選んでください。",
    "{folder} 剩余 {free} MB,需要 {needed} MB。请腾出空间或选择其他数据文件夹。",
  ],
  "no-folder": [
    "In {folder} lässt sich nicht schreiben. Bitte einen anderen Datenordner wählen.",
    "Impossible d'écrire dans {folder}. Choisissez un autre dossier des données.",
    "No se puede escribir en {folder}. Elija otra carpeta de datos.",
    "{folder} に書き込めません。別のデータフォルダーを選んでください。",
    "无法写入 {folder}。请选择其他数据文件夹。",
  ],
  "folder-relative": [
    "Der Datenordner muss ein vollständiger Pfad sein.",
    "Le dossier des données doit être un chemin absolu.",
    "La carpeta de datos debe ser una ruta absoluta.",
    "データフォルダーは絶対パスで指定してください。",
    "数据文件夹必须是绝对路径。",
  ],
  "folder-in-plugin": [
    "Der Datenordner darf nicht im Plugin-Ordner liegen: ein Update würde ihn löschen.",
    "Le dossier des données ne doit pas être dans celui du plugin : une mise à jour l'effacerait.",
    "La carpeta de datos no puede estar en la del plugin: una actualización la borraría.",
    "データフォルダーはプラグインのフォルダー内に置けません。更新時に消えてしまいます。",
    "数据文件夹不能位于插件文件夹内:更新时会被删除。",
  ],
  "limits-crossed": [
    "„Ohne Nachfrage hinzufügen ab“ darf nicht unter „Ankreuzen ab“ liegen.",
    "« Ajouter sans demander » ne peut pas être inférieur à « Cocher à partir de ».",
    "«Añadir sin preguntar desde» no puede ser menor que «Marcar desde».",
    "「確認なしで追加する下限」は「チェックする下限」以上にしてください。",
    "“无需询问即添加的下限”不能低于“勾选下限”。",
  ],
  "no-limit": [
    "„Ohne Nachfrage hinzufügen ab“ ist in den Einstellungen ausgeschaltet.",
    "« Ajouter sans demander à partir de » est désactivé dans les paramètres.",
    "«Añadir sin preguntar desde» está desactivado en los ajustes.",
    "設定の「確認なしで追加する下限」がオフです。",
    "设置中的“无需询问即添加的下限”已关闭。",
  ],
  "disk-full": [
    "Der Datenträger von {folder} ist voll. Platz schaffen und noch einmal versuchen.",
    "Le disque de {folder} est plein. Faites de la place et réessayez.",
    "El disco de {folder} está lleno. Haga sitio e inténtelo de nuevo.",
    "{folder} のディスクがいっぱいです。空きを増やして再試行してください。",
    "{folder} 所在磁盘已满。请腾出空间后重试。",
  ],
  offline: [
    "Das Paketverzeichnis (pypi.org) ist nicht erreichbar. Es braucht Internet, oder PIP_INDEX_URL für Stash mit einem Spiegel.",
    "L'index des paquets (pypi.org) est injoignable. Connectez-vous à Internet, ou donnez à Stash un miroir par PIP_INDEX_URL.",
    "No se puede acceder al índice de paquetes (pypi.org). Conéctese a Internet o dé a Stash un espejo con PIP_INDEX_URL.",
    "パッケージの配布元 (pypi.org) に接続できません。インターネットに接続するか、Stash の PIP_INDEX_URL にミラーを指定してください。",
    "无法连接软件包索引 (pypi.org)。请联网,或用 PIP_INDEX_URL 为 Stash 指定镜像。",
  ],
  "no-wheel": [
    "Für dieses Python gibt es {package} nicht fertig. In Stash unter System ein anderes Python (3.11 bis 3.14) angeben oder einen anderen Rechner verbinden.",
    "{package} n'existe pas pour ce Python. Indiquez un autre Python (3.11 à 3.14) dans Stash, sous Système, ou associez un autre ordinateur.",
    "No hay {package} para este Python. Indique otro Python (3.11 a 3.14) en Stash, en Sistema, o vincule otro ordenador.",
    "この Python 用の {package} がありません。Stash のシステム設定で別の Python (3.11~3.14) を指定するか、別のコンピューターを接続してください。",
    "此 Python 没有可用的 {package}。请在 Stash 的系统设置中指定其他 Python (3.11–3.14),或连接另一台电脑。",
  ],
  pip: [
    "Die Pakete ließen sich nicht installieren: {line} Mehr steht in {log}.",
    "Les paquets n'ont pas pu être installés : {line} Voir {log}.",
    "No se pudieron instalar los paquetes: {line} Más en {log}.",
    "パッケージをインストールできませんでした:{line} 詳細は {log} にあります。",
    "软件包安装失败:{line} 详情见 {log}。",
  ],
  "no-pip": [
    "Diesem Python fehlt pip. Es lässt sich nachinstallieren (apk add py3-pip, apt install python3-pip).",
    "Il manque pip à ce Python. Installez-le (apk add py3-pip, apt install python3-pip).",
    "A este Python le falta pip. Instálelo (apk add py3-pip, apt install python3-pip).",
    "この Python には pip がありません。インストールしてください (apk add py3-pip、apt install python3-pip)。",
    "此 Python 没有 pip。请安装 (apk add py3-pip、apt install python3-pip)。",
  ],
  "setup-silent": [
    "Die Einrichtung ist nicht gestartet. Mehr steht in {log}.",
    "L'installation n'a pas démarré. Voir {log}.",
    "La instalación no arrancó. Más en {log}.",
    "セットアップが始まりませんでした。詳細は {log} にあります。",
    "安装未能启动。详情见 {log}。",
  ],
  "stash-unreachable": [
    "Stash hat unter {address} nicht geantwortet.",
    "Stash n'a pas répondu à {address}.",
    "Stash no respondió en {address}.",
    "Stash ({address}) が応答しませんでした。",
    "Stash ({address}) 没有应答。",
  ],
  "stash-login": [
    "Die Anmeldung bei Stash ist abgelaufen. Seite neu laden, oder in Stashs Sicherheitseinstellungen einen API-Schlüssel erzeugen.",
    "La session de Stash a expiré. Rechargez la page, ou créez une clé d'API dans les paramètres de sécurité de Stash.",
    "La sesión de Stash ha caducado. Vuelva a cargar la página o cree una clave de API en la seguridad de Stash.",
    "Stash のログインの期限が切れました。ページを再読み込みするか、Stash のセキュリティ設定で API キーを作成してください。",
    "Stash 登录已过期。请重新加载页面,或在 Stash 的安全设置中生成 API 密钥。",
  ],
  "stash-busy": [
    "Stashs Datenbank ist gerade beschäftigt. Gleich noch einmal versuchen.",
    "La base de données de Stash est occupée. Réessayez dans un instant.",
    "La base de datos de Stash está ocupada. Inténtelo en un momento.",
    "Stash のデータベースが使用中です。少し待って再試行してください。",
    "Stash 数据库正忙。请稍后重试。",
  ],
  "not-media": [
    "Stash hat hier kein Bild geliefert.",
    "Stash n'a pas renvoyé d'image.",
    "Stash no devolvió ninguna imagen.",
    "Stash から画像が返されませんでした。",
    "Stash 没有返回图片。",
  ],
  orphaned: [
    "Stash wurde neu gestartet oder hat die Aufgabe beendet. „Noch einmal“ macht weiter.",
    "Stash a redémarré ou arrêté la tâche. « Réessayer » la reprend.",
    "Stash se reinició o detuvo la tarea. «Reintentar» la continúa.",
    "Stash が再起動したか、タスクを止めました。「再試行」で続きから進みます。",
    "Stash 已重启或停止了此任务。点“重试”可继续。",
  ],
  "ends-the-process": [
    "Beim Ansehen ist das Programm jedes Mal abgestürzt. Es wird übergangen.",
    "Le programme s'est arrêté à chaque examen. Cet élément est laissé de côté.",
    "El programa se cerró cada vez que lo miró. Se deja de lado.",
    "処理のたびにプログラムが終了しました。この項目は飛ばします。",
    "每次查看时程序都会退出。已跳过此项。",
  ],
  "worker-unreachable": [
    "Der andere Rechner antwortet nicht. Läuft StashAI dort, und stimmt die Adresse?",
    "L'autre ordinateur ne répond pas. StashAI y tourne-t-il, et l'adresse est-elle juste ?",
    "El otro ordenador no responde. ¿Funciona allí StashAI y es correcta la dirección?",
    "別のコンピューターが応答しません。StashAI が動いているか、アドレスが正しいか確かめてください。",
    "另一台电脑没有应答。请检查 StashAI 是否在运行、地址是否正确。",
  ],
  "worker-token": [
    "Der andere Rechner verlangt ein anderes Token. Bitte neu eingeben.",
    "L'autre ordinateur veut un autre jeton. Saisissez-le de nouveau.",
    "El otro ordenador pide otro token. Escríbalo de nuevo.",
    "別のコンピューターのトークンが違います。入力し直してください。",
    "另一台电脑的令牌不符。请重新输入。",
  ],
  "not-a-worker": [
    "Unter dieser Adresse antwortet kein StashAI.",
    "Ce n'est pas StashAI qui répond à cette adresse.",
    "En esa dirección no responde StashAI.",
    "このアドレスで応答しているのは StashAI ではありません。",
    "该地址应答的不是 StashAI。",
  ],
  "worker-version": [
    "Der andere Rechner hat eine andere Version von StashAI. Bitte beide auf denselben Stand bringen.",
    "L'autre ordinateur a une autre version de StashAI. Mettez les deux à la même version.",
    "El otro ordenador tiene otra versión de StashAI. Ponga la misma en los dos.",
    "別のコンピューターの StashAI のバージョンが違います。両方を同じ版にしてください。",
    "另一台电脑的 StashAI 版本不同。请更新到相同版本。",
  ],
  "worker-busy": [
    "Der andere Rechner ist beschäftigt.",
    "L'autre ordinateur est occupé.",
    "El otro ordenador está ocupado.",
    "別のコンピューターが処理中です。",
    "另一台电脑正忙。",
  ],
  "no-way-to-media": [
    "Der andere Rechner kann die Datei nicht öffnen, und zum Senden ist sie zu groß. Dort den Ordner in STASHAI_MEDIA nennen, oder Sprites erzeugen.",
    "L'autre ordinateur ne peut pas ouvrir le fichier, trop gros pour être envoyé. Indiquez-y son dossier dans STASHAI_MEDIA, ou générez des sprites.",
    "El otro ordenador no puede abrir el archivo y es demasiado grande para enviarlo. Indique allí su carpeta en STASHAI_MEDIA o genere sprites.",
    "別のコンピューターはこのファイルを開けず、送るには大きすぎます。STASHAI_MEDIA にフォルダーを指定するか、スプライトを生成してください。",
    "另一台电脑无法打开该文件,且文件太大无法发送。请在那里用 STASHAI_MEDIA 指定其文件夹,或生成雪碧图。",
  ],
  internal: [
    "Unerwarteter Fehler. Mehr steht in Stashs Protokoll.",
    "Erreur inattendue. Voir le journal de Stash.",
    "Error inesperado. Más en el registro de Stash.",
    "予期しないエラーです。Stash のログを確認してください。",
    "意外错误。详情见 Stash 日志。",
  ],
};
